// Starts the page: the bar, the phones side by side (or one at a time with tabs), and follows the sandbox.

import { el, icon } from "./dom.js";
import { Bar } from "./bar.js";
import { ClockView } from "./clock.js";
import { PhoneView } from "./phone.js";
import { follow, world } from "./server.js";
import { live, speak, spoken, t } from "./texts.js";

const find = (id) => document.getElementById(id);
const phones = find("phones");
const tabs = find("tabs");
const small = matchMedia("(max-width: 720px)");
const MARKS = { forum: "topics", chat: "talk", curator: "eye" };
const views = new Map();
let current = 0;
let fading = 0;

function notice(text) {
  const line = el("p", {}, text);
  find("notice").replaceChildren(line);
  clearTimeout(fading);
  fading = setTimeout(() => line.remove(), 4000 + text.length * 30);
}

const clock = new ClockView(find("clock"), notice, () => bar.moved());
const bar = new Bar(find("bar"), find("overview"), notice, (number) => clock.open(number));

/** A picture over the whole page; any key or click puts it away. */
function zoom(src, label) {
  const dialog = el("dialog.zoom", { "aria-label": label, onclick: () => dialog.close(), onclose: () => dialog.remove() }, el("img", { src, alt: label }), el("button.round", { "aria-label": t("close") }, icon("close")));
  document.body.append(dialog);
  dialog.showModal();
}

let renewing = 0;
const page = { zoom, renewed: () => (renewing ||= requestAnimationFrame(() => ((renewing = 0), drawTabs(), views.forEach((view) => view.captioned())))) };

function drawTabs() {
  const all = [...views.values()];
  tabs.setAttribute("aria-label", t("phones"));
  const mark = JSON.stringify([spoken(), current, small.matches, all.map((view) => view.phone.persons.some(({ id }) => view.unread(id) > 0))]);
  if (tabs.dataset.mark === mark) return;
  tabs.dataset.mark = mark;
  const focused = tabs.contains(document.activeElement);
  tabs.replaceChildren(
    ...all.map((view, at) =>
      el(
        `button.tab.${view.messenger}`,
        { "aria-current": at === current ? "true" : undefined, "data-tab": view.phone.key, onclick: () => turnTo(at) },
        el("span.mark", {}, icon(MARKS[view.phone.key] ?? "person")),
        el("span", {}, t(`tab-${view.phone.key}`)),
        el("small", {}, t(`messenger-${view.messenger}`)),
        view.phone.persons.some(({ id }) => view.unread(id) > 0) && at !== current && el("i.dot"),
      ),
    ),
  );
  if (focused) tabs.children[current].focus();
}

/** On a small screen one phone is seen; the others cannot be reached by the keyboard. */
function cover() {
  [...views.values()].forEach((view, at) => {
    view.shown = !small.matches || at === current;
    view.node.inert = !view.shown;
  });
}

function turnTo(at) {
  phones.scrollTo({ left: at * phones.clientWidth, behavior: "smooth" });
  settle(at);
}

function settle(at) {
  if (at === current) return;
  current = at;
  cover();
  [...views.values()][at].renew();
  drawTabs();
}

let settling = 0;
phones.addEventListener(
  "scroll",
  () => {
    if (!small.matches) return;
    clearTimeout(settling);
    settling = setTimeout(() => settle(Math.min(views.size - 1, Math.round(phones.scrollLeft / phones.clientWidth))), 90);
  },
  { passive: true },
);
small.addEventListener("change", () => {
  if (small.matches) phones.scrollTo({ left: current * phones.clientWidth, behavior: "instant" });
  cover();
  drawTabs();
  views.forEach((view) => view.renew());
});
document.addEventListener("visibilitychange", () => !document.hidden && views.forEach((view) => view.renew()));

async function changed() {
  const { state } = world;
  if (state.language !== spoken() || !document.body.classList.contains("ready")) await speak(state.language);
  live(state.zone);
  document.querySelector(".skip").textContent = t("skip");
  phones.setAttribute("aria-label", t("phones"));
  for (const phone of state.phones) {
    const view = views.get(phone.key);
    if (view) view.update(phone);
    else {
      const fresh = new PhoneView(phone, page);
      views.set(phone.key, fresh);
      phones.append(fresh.node);
    }
  }
  cover();
  bar.renew();
  drawTabs();
  clock.refresh();
  document.body.classList.add("ready");
}

// One change after another: the language may have to be fetched in between.
let turn = Promise.resolve();
follow(
  () => (turn = turn.then(changed)),
  (up) => {
    document.body.classList.toggle("offline", !up);
    if (!up && document.body.classList.contains("ready")) notice(t("offline"));
  },
);

let minute = "";
setInterval(() => {
  if (!document.body.classList.contains("ready")) return;
  bar.tick();
  const mark = document.querySelector("#bar .time").textContent;
  if (mark === minute) return;
  minute = mark;
  bar.renew();
  clock.refresh();
  views.forEach((view) => view.renew());
}, 1000);
