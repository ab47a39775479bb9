// The page's own words in the chosen language, and its dates and hours in the region's time.

const books = {};
let language = "ru";
let zone = "UTC";
let plural = new Intl.PluralRules("ru");
let formats = {};

export async function speak(chosen) {
  books[chosen] ??= await (await fetch(`/phones/${chosen}.json`)).json();
  language = chosen;
  plural = new Intl.PluralRules(chosen);
  formats = {};
  document.documentElement.lang = chosen;
  document.title = t("title");
}

export function live(in_zone) {
  if (zone !== in_zone) formats = {};
  zone = in_zone;
}

export const spoken = () => language;

/** The text of that key; {names} in it are replaced. */
export function t(key, values = {}) {
  const text = books[language]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => books[language]?.[key] !== undefined;

/** The form that goes with the number: «1 тема|2 темы|5 тем». */
export function count(key, n) {
  const forms = t(key, { n }).split("|");
  const order = language === "ru" ? { one: 0, few: 1 } : { one: 0 };
  return forms[order[plural.select(n)] ?? forms.length - 1];
}

const SHAPES = {
  hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  date: { day: "numeric", month: "long" },
  short: { day: "numeric", month: "short" },
  weekday: { weekday: "long", day: "numeric", month: "long" },
  brief: { weekday: "short", day: "numeric", month: "short" },
  day: { year: "numeric", month: "2-digit", day: "2-digit" },
};

function show(shape, moment) {
  const locale = language === "en" ? "en-GB" : language;
  formats[shape] ??= new Intl.DateTimeFormat(locale, { ...SHAPES[shape], timeZone: zone });
  return formats[shape].format(new Date(moment));
}

export const hour = (moment) => show("hour", moment);
export const weekday = (moment) => show("weekday", moment);
export const shortDay = (moment) => show("brief", moment).replace(/\.$/, "");
export const day = (moment) => show("day", moment);

/** «14:05» today, «12 марта, 14:05» on other days. */
export function when(moment, now) {
  return day(moment) === day(now) ? hour(moment) : `${show("short", moment).replace(/\.$/, "")}, ${hour(moment)}`;
}

/** Only the hour when it comes within a day. */
export const soon = (moment, now) => (new Date(moment) - now < 86400000 ? hour(moment) : when(moment, now));

/** A line between two days' messages. */
export function dayName(moment, now) {
  if (day(moment) === day(now)) return t("today");
  if (day(moment) === day(now - 86400000)) return t("yesterday");
  return show("date", moment);
}

/** The hour today, the date before. */
export const brief = (moment, now) => (day(moment) === day(now) ? hour(moment) : show("short", moment).replace(/\.$/, ""));
