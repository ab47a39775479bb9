// The bar above the phones: the clock, what to break, what failed; and the line of incidents below it.

import { el, icon, renew, said } from "./dom.js";
import { Failed, call, now, world } from "./server.js";
import { hour, shortDay, soon, spoken, t, weekday, when } from "./texts.js";

const FAULTS = ["none", "away", "silent", "error_page", "too_fast"];

export class Bar {
  /** @param notice   shows a sentence at the foot of the page
   *  @param explain  shows the clock of an incident */
  constructor(node, overview, notice, explain) {
    this.node = node;
    this.overview = overview;
    this.notice = notice;
    this.explain = explain;
    this.opened = null; // the panel that hangs open: trouble, failed
    this.time = el("b.time");
    this.date = el("span.date");
    this.brief = el("span.brief");
    this.more = el("div.more", { id: "bar-more" });
    this.fold = el("button.round.fold", { "aria-controls": "bar-more", onclick: () => this.unfold(!this.node.classList.contains("open")) }, icon("down"));
    this.badge = el("span.badges");
    this.brand = el("div.brand");
    node.append(el("div.main", {}, this.brand, el("div.clock", { role: "timer" }, this.time, this.date, this.brief), this.badge, this.fold), this.more);
    this.moves = el("div.moves", { role: "group" });
    this.panels = el("div.panels");
    this.more.append(this.moves, this.panels);
    document.addEventListener("click", (event) => this.opened && !this.panels.contains(event.target) && event.target.isConnected && this.show(null));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.opened && this.show(null, true));
  }

  unfold(open) {
    this.node.classList.toggle("open", open);
    this.renew();
  }

  async do(name, asked) {
    try {
      await call(name, asked);
      return true;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.notice(error.message);
      return false;
    }
  }

  async move(asked) {
    if (await this.do("clock", asked)) this.moved();
  }

  /** Say where the time stands after a jump. */
  moved() {
    setTimeout(() => this.notice(t("clock-moved", { when: `${weekday(now())}, ${hour(now())}` })), 250);
  }

  tick() {
    this.time.textContent = hour(now());
    this.date.textContent = weekday(now());
    this.brief.textContent = shortDay(now());
  }

  renew() {
    const { state } = world;
    this.node.setAttribute("aria-label", t("bar"));
    this.tick();
    const open = this.node.classList.contains("open");
    const label = t(open ? "bar-close" : "bar-open");
    this.fold.setAttribute("aria-expanded", String(open));
    this.fold.setAttribute("aria-label", label);
    this.fold.title = label;
    const troubles = Object.values(state.faults).filter((fault) => fault !== "none").length + state.phones.flatMap(({ persons }) => persons).filter(({ blocked }) => blocked.length).length;
    const failures = state.failures.length + state.undelivered.length;
    renew(this.brand, [], () => [el("span.logo", {}, icon("clock")), el("h1", {}, t("brand")), el("span.under", {}, t("brand-note"))]);
    renew(this.badge, [troubles, failures], () => [
      troubles > 0 && el("span.pill.warn", { title: t("trouble-on") }, icon("bolt"), String(troubles)),
      failures > 0 && el("span.pill.bad", { title: t("failed") }, icon("alert"), String(failures)),
    ]);
    this.moves.setAttribute("aria-label", t("clock"));
    renew(this.moves, [state.reminder, state.deadline, hour(now())], () => [
      this.jump("clock-hour", { minutes: 60 }),
      this.jump("clock-six", { minutes: 360 }),
      this.jump("clock-reminder", { to: "reminder" }, "bell", state.reminder),
      this.jump("clock-deadline", { to: "deadline" }, "flag", state.deadline),
    ]);
    renew(this.panels, [this.opened, troubles, failures, state.faults, this.threads(), state.phones.map(({ persons }) => persons.map(({ blocked }) => blocked)), state.failures.at(-1), state.undelivered], () => [
      this.panel("trouble", "bolt", t("trouble"), troubles, () => this.trouble()),
      this.panel("failed", "alert", t("failed-short"), failures, () => this.failed()),
      el("button.language", { title: t("language"), "aria-label": t("language"), onclick: () => this.do("language", { language: spoken() === "ru" ? "en" : "ru" }) }, icon("lang"), t("language-short")),
    ]);
    this.incidents();
  }

  jump(key, asked, glyph = "", ahead = undefined) {
    const none = ahead === null;
    const title = ahead === undefined ? t(`${key}-hint`) : none ? t(`${key}-none`) : t(`${key}-hint`, { when: when(ahead, now()) });
    return el(
      "button.move",
      { title, "data-name": key, disabled: none, onclick: () => this.move(asked) },
      glyph && icon(glyph),
      el("span", {}, t(key)),
      ahead && el("small", {}, soon(ahead, now())),
    );
  }

  show(name, focus = false) {
    const was = this.opened;
    this.opened = name;
    this.renew();
    if (focus && was) this.panels.querySelector(`[data-name="${was}"]`)?.focus();
  }

  panel(name, glyph, label, number, build) {
    const open = this.opened === name;
    return el(
      "div.holder",
      { class: name },
      el("button.opener", { "data-name": name, "aria-expanded": String(open), "aria-controls": `panel-${name}`, class: number ? "lit" : "", onclick: () => this.show(open ? null : name) }, icon(glyph), el("span", {}, label), number > 0 && el("span.count", {}, String(number))),
      open && el("div.panel", { id: `panel-${name}`, role: "region", "aria-label": label }, build()),
    );
  }

  threads() {
    return Object.values(world.chats).filter(({ kind }) => kind === "forum").flatMap((room) => room.threads.map((topic) => ({ room: room.chat, account: room.account, messenger: room.messenger, ...topic })));
  }

  trouble() {
    const { state } = world;
    const holders = state.phones.flatMap((phone) => phone.persons.map((person) => ({ phone, person })));
    const threads = this.threads();
    return [
      el("h3", {}, t("trouble-messengers")),
      Object.entries(state.faults).map(([messenger, fault]) => {
        const select = el(
          "select",
          { "data-name": `fault-${messenger}`, "aria-label": t(`messenger-${messenger}`), onchange: () => this.do("fault", { messenger, fault: select.value }) },
          FAULTS.map((kind) => el("option", { value: kind, selected: kind === fault }, t(`fault-${kind}`))),
        );
        return el("label.fault", { class: `${messenger} ${fault === "none" ? "" : "on"}` }, el("span", {}, t(`messenger-${messenger}`)), select);
      }),
      el("h3", {}, t("trouble-people")),
      holders.map(({ phone, person }) => {
        const on = person.blocked.includes(phone.account);
        const where = { phone: phone.key, person: person.id, account: phone.account };
        return el(
          "button.switch",
          { role: "switch", "aria-checked": String(on), "data-name": `block-${person.id}`, onclick: () => this.do("block", { ...where, blocked: !on }) },
          el("span.name", {}, said(person.name), el("small", {}, ` ${t(`role-${person.role}`)} · ${t(`messenger-${phone.messenger}`)}`)),
          el("span.knob", {}, el("i")),
        );
      }),
      el("h3", {}, t("trouble-threads")),
      threads.length === 0 && el("p.quiet", {}, t("trouble-threads-none")),
      threads.map((topic) => {
        const phone = state.phones.find(({ chat, messenger }) => chat === topic.room && messenger === topic.messenger);
        const asked = { phone: phone?.key, person: phone?.persons[0].id, account: topic.account, chat: topic.room, thread: topic.id };
        return el("div.thread", {}, said(topic.title), el("button.round.small.danger", { title: t("menu-delete"), "aria-label": t("menu-delete"), "data-name": `thread-${topic.id}`, onclick: () => this.do("delete-thread", asked) }, icon("trash")));
      }),
    ].flat().filter(Boolean);
  }

  failed() {
    const { failures, undelivered } = world.state;
    if (!failures.length && !undelivered.length) return [el("h3", {}, t("failed")), el("p.quiet", {}, t("failed-none"))];
    return [
      undelivered.length > 0 && el("h3", {}, t("failed-bots")),
      undelivered.length > 0 && el("ul", {}, undelivered.toReversed().map((text) => el("li", {}, icon("alert"), said(text)))),
      failures.length > 0 && el("h3", {}, t("failed-calls")),
      failures.length > 0 &&
        el(
          "ul",
          {},
          failures.toReversed().slice(0, 60).map((failure) =>
            el("li", {}, el("time", {}, when(failure.at, now())), el("span", {}, t(`messenger-${failure.messenger}`), " · ", el("code", { "data-said": "" }, failure.method)), el("em", {}, t(`short-${failure.fault}`))),
          ),
        ),
    ].filter(Boolean);
  }

  incidents() {
    const { incidents } = world.state;
    this.overview.setAttribute("aria-label", t("incidents"));
    this.overview.setAttribute("role", "region");
    renew(this.overview, [incidents, incidents.some(({ due }) => due) && hour(now())], () =>
      incidents.length === 0
        ? [el("p", {}, t("incidents-none"))]
        : incidents.map(({ number, status, due, late }) =>
            el(
              "button.incident",
              { class: `${status} ${late ? "late" : ""}`, title: t("clock-open", { number }), "data-name": `incident-${number}`, onclick: () => this.explain(number) },
              el("i", { "aria-hidden": "true" }),
              el("b", {}, `№ ${number}`),
              el("span", {}, t(`status-${status}`)),
              due && el("small", {}, t(late ? "incident-late" : "incident-due", { when: when(due, now()) })),
            ),
          ),
    );
  }
}
