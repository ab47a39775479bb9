// How the clock of one incident stands: what was said, what will be said, when, to whom and why. The words come from the house.

import { el, icon, renew, said } from "./dom.js";
import { Failed, call, world } from "./server.js";
import { count, t } from "./texts.js";

const RECENT = 4; // so much of the past is shown before somebody asks for all of it
const MARKS = { done: "check", said: "bell", skipped: "block", coming: "bell", deadline: "flag", silent: "block" };

export class ClockView {
  /** @param moved  called after a jump, to say where the time stands now */
  constructor(node, notice, moved) {
    this.node = node;
    this.notice = notice;
    this.moved = moved;
    this.number = 0; // the incident whose clock is shown; 0: the view is closed
    this.shown = null; // what the house said of it last
    this.asked = 0;
    this.wholePast = false;
    this.head = el("header");
    this.body = el("div.clock-body", { tabIndex: -1 });
    node.append(this.head, this.body);
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.number && !document.querySelector("dialog[open], .panel") && this.close());
  }

  async open(number) {
    this.number = number;
    this.wholePast = false;
    this.node.hidden = false;
    document.body.classList.add("clocked");
    await this.refresh();
    this.node.querySelector("h2")?.focus({ preventScroll: true });
  }

  close() {
    const last = this.number;
    this.number = 0;
    this.shown = null;
    this.node.hidden = true;
    document.body.classList.remove("clocked");
    document.querySelector(`#overview [data-name="incident-${last}"]`)?.focus();
  }

  /** Ask the house anew. An answer that comes after a later question is of no use. */
  async refresh() {
    if (!this.number) return;
    const turn = ++this.asked;
    let found;
    try {
      found = await call("explain", { number: this.number });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      found = { wrong: error.message };
    }
    if (turn === this.asked && this.number) {
      this.shown = found;
      this.draw();
    }
  }

  async jump(asked) {
    try {
      const { number } = await call("clock", asked);
      this.moved();
      if (number) this.number = number;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.notice(error.message);
    }
    await this.refresh();
  }

  draw() {
    this.node.setAttribute("aria-label", t("clock-view"));
    this.drawHead();
    const view = this.shown;
    renew(this.body, [view, this.wholePast], () => (view.wrong ? [el("p.wrong", {}, view.wrong)] : this.whole(view)));
  }

  drawHead() {
    const newest = Math.max(this.number, ...world.state.incidents.map(({ number }) => number));
    renew(this.head, [this.number, newest], () => {
      const field = el("input", { type: "text", inputMode: "numeric", value: String(this.number), "data-name": "number", "aria-label": t("clock-number"), size: 4 });
      const turn = (by, glyph, key) =>
        el("button.round", { "data-name": key, title: t(key), "aria-label": t(key), disabled: this.number + by < 1 || this.number + by > newest, onclick: () => this.open(this.number + by) }, icon(glyph));
      const choose = (event) => {
        event.preventDefault();
        const number = Number(field.value);
        if (Number.isSafeInteger(number) && number > 0) this.open(number);
        else this.notice(t("error-no-incident"));
      };
      return [
        el("h2", { tabIndex: -1 }, t("clock-view")),
        turn(-1, "back", "clock-earlier"),
        el("form", { onsubmit: choose }, el("label", {}, "№ ", field)),
        turn(1, "next", "clock-later"),
        el("button.round.shut", { title: t("close"), "aria-label": t("close"), onclick: () => this.close() }, icon("close")),
      ];
    });
  }

  whole(view) {
    const hidden = this.wholePast ? 0 : Math.max(view.past.length - RECENT, 0);
    const unfold = () => ((this.wholePast = true), this.draw(), this.body.focus({ preventScroll: true }));
    return [
      el("h3.about", {}, said(view.title)),
      el("p.standing", {}, said(view.standing)),
      view.clock && this.face(view.clock),
      view.facts.length > 0 && el("dl.facts", {}, view.facts.flatMap(([label, text]) => [el("dt", {}, said(label)), el("dd", {}, said(text))])),
      el("div.jumps", {}, el("button.jump", { "data-name": "jump-event", title: t("clock-event-hint"), onclick: () => this.jump({ to: "event" }) }, icon("ahead"), t("clock-event"))),
      el(
        "ol.timeline",
        {},
        hidden > 0 && el("li.more", {}, el("span.dot"), el("button", { "data-name": "whole-past", onclick: unfold }, count("clock-more", hidden))),
        view.past.slice(hidden).map((point) => this.point(point, false)),
        el("li.now", { "aria-current": "time" }, el("span.dot"), el("b", {}, t("clock-now")), el("time", {}, said(view.now))),
        view.coming.map((point) => this.point(point, true)),
        view.after && el("li.after", {}, el("span.dot"), said(view.after, "p")),
      ),
    ];
  }

  /** The clock that runs, with how much of its time is gone. */
  face(clock) {
    const bar = clock.share === null ? null : el("span.gone", { style: `width: ${Math.round(clock.share * 100)}%` });
    return el("section.face", { class: clock.late ? "late" : "" }, el("div.what", {}, said(clock.name, "b"), said(clock.until)), said(clock.line, "p"), bar && el("span.share", { "aria-hidden": "true" }, bar));
  }

  point(point, ahead) {
    return el(
      "li",
      { class: `${ahead ? "ahead" : "gone"} ${point.mark}` },
      el("span.dot", {}, icon(MARKS[point.mark] ?? "check")),
      el(
        "div.point",
        {},
        el("div.row", {}, el("time", { dateTime: point.at }, said(point.when)), point.span && said(point.span, "small")),
        said(point.text, "p"),
        point.to.length > 0 && el("ul.to", { "aria-label": t("clock-to") }, point.to.map((name) => el("li", {}, said(name)))),
        point.why.length > 0 && el("ul.why", { "aria-label": t("clock-why") }, point.why.map((reason) => el("li", {}, said(reason)))),
      ),
      ahead && el("button.round.goto", { "data-name": `goto-${point.at}`, title: t("clock-goto"), "aria-label": `${t("clock-goto")}: ${point.when}`, onclick: () => this.jump({ at: point.at }) }, icon("ahead")),
    );
  }
}
