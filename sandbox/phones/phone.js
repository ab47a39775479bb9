// One phone: who holds it, which chat is open on it, and what it draws.

import { arrange, avatar, el, icon, renew, said } from "./dom.js";
import { draw } from "./bubble.js";
import { Composer } from "./composer.js";
import { GENERAL, rooms, topicMark, topics } from "./lists.js";
import { forwardTo, menu } from "./menus.js";
import { Failed, call, now, world } from "./server.js";
import { count, day, dayName, hour, spoken, t } from "./texts.js";

const RUN = 5 * 60 * 1000; // messages of one author closer than this stand together
const TRIES = { citizen: ["try-pipe", "try-road", "try-snow"], curator: ["try-help", "try-curator"], head: ["try-help"], official: [] };

const read = JSON.parse(localStorage.getItem("sutki-read") ?? "{}");

export class PhoneView {
  /** @param page  { zoom(src, label), renewed() } */
  constructor(phone, page) {
    this.phone = phone;
    this.page = page;
    this.messenger = phone.messenger;
    this.person = phone.persons[0].id;
    this.shown = true; // false while another phone covers it on a small screen
    this.drawn = new Map();
    this.caption = el("div.caption");
    this.status = el("div.status", { "aria-hidden": "true" }, el("span.hour"), el("span.signs", {}, el("i.net"), el("i.battery")));
    this.top = el("div.top");
    this.list = el("div.list", { role: "log", "aria-live": "polite", "aria-relevant": "additions" });
    this.scroller = el("div.scroller", { tabIndex: 0 }, this.list);
    this.screen = el("div.screen", {}, this.scroller);
    this.below = el("button.round.below", { hidden: true, onclick: () => this.bottom(true) }, icon("down"));
    this.screen.append(this.below);
    this.whisper = el("div.toast", { role: "status", "aria-live": "polite" });
    this.composer = new Composer(() => this.place(), this);
    this.blocked = el("div.blocked");
    this.cover = el("div.cover", { hidden: true, onclick: (event) => event.target === this.cover && this.closeSheet?.() });
    this.device = el("div.device", {}, this.status, this.top, this.screen, this.composer.form, this.blocked, this.whisper, this.cover);
    this.node = el(`section.phone.${phone.messenger}`, { id: `phone-${phone.key}`, "data-phone": phone.key }, this.caption, this.device);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.device.addEventListener("keydown", (event) => event.key === "Escape" && this.closeSheet?.());
    this.home();
  }

  // --- where we are

  home() {
    const { messenger, account, chat, kind } = this.phone;
    this.go({ view: kind === "forum" ? "topics" : "chat", room: `${messenger}/${account}/${chat || this.person}`, thread: null });
  }

  go(to) {
    const from = this.at && this.key();
    this.at = to;
    this.drawn.clear();
    this.stuck = true;
    this.composer.turn(from, this.key());
    this.closeSheet?.();
    if (world.state) this.renew();
  }

  key() {
    return [this.person, this.at.view, this.at.room, this.at.thread ?? ""].join("|");
  }

  holder() {
    return this.phone.persons.find((person) => person.id === this.person);
  }

  room() {
    return world.chats[this.at.room];
  }

  place() {
    const [, account, chat] = this.at.room.split("/");
    return { phone: this.phone.key, person: this.person, account, chat, thread: this.at.thread ?? "" };
  }

  places() {
    return world.state.places;
  }

  async try(doing) {
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.toast(error.message);
      return null;
    }
  }

  // --- what was read

  bubblesOf(room, thread) {
    return thread === null || room.kind !== "forum" ? room.bubbles : room.bubbles.filter((bubble) => bubble.thread === thread);
  }

  unreadIn(person, key, thread = null) {
    const room = world.chats[key];
    if (!room) return 0;
    if (room.kind === "forum" && thread === null) return [GENERAL, ...room.threads.map(({ id }) => id)].reduce((sum, id) => sum + this.unreadIn(person, key, id), 0);
    const seen = read[`${person}|${key}|${thread ?? ""}`];
    let unread = 0;
    for (const bubble of this.bubblesOf(room, thread).toReversed()) {
      if (bubble.id === seen) break;
      if (bubble.author && bubble.author !== person) unread++;
    }
    return unread;
  }

  unread(person = this.person) {
    const holder = this.phone.persons.find(({ id }) => id === person);
    return holder.rooms.reduce((sum, key) => sum + this.unreadIn(person, key), 0);
  }

  markRead(bubbles) {
    if (!this.shown || document.hidden || !bubbles.length) return;
    const key = `${this.person}|${this.at.room}|${this.at.thread ?? ""}`;
    const last = bubbles.at(-1).id;
    if (read[key] === last) return;
    read[key] = last;
    localStorage.setItem("sutki-read", JSON.stringify(read));
    this.page.renewed();
  }

  // --- drawing

  update(phone) {
    this.phone = phone;
    this.renew();
  }

  renew() {
    const room = this.room();
    if (room?.kind === "forum" && this.at.view === "chat" && this.at.thread && !room.threads.some(({ id }) => id === this.at.thread)) {
      this.toast(t("deleted"));
      return this.go({ ...this.at, view: "topics", thread: null });
    }
    this.node.setAttribute("aria-label", `${t(`phone-${this.phone.key}`)}, ${t(`messenger-${this.messenger}`)}`);
    this.node.dataset.view = this.at.view;
    this.tick();
    this.captioned();
    this.headed(room);
    if (this.at.view === "rooms") rooms(this);
    else if (this.at.view === "topics") topics(this, room);
    else this.chat(room);
    const account = this.place().account;
    const isBlocked = this.at.view === "chat" && room?.kind !== "forum" && room?.kind !== "group" && this.holder().blocked.includes(account);
    this.composer.form.hidden = this.at.view !== "chat" || isBlocked;
    this.blocked.hidden = !isBlocked;
    renew(this.blocked, isBlocked, () => [el("button.unblock", { onclick: () => this.block(account, false) }, t("unblock"))]);
    this.composer.renew((this.at.view === "chat" && room?.commands) || []);
    this.below.setAttribute("aria-label", t("new-below"));
    this.scroller.setAttribute("aria-label", t({ rooms: "chats", topics: "topics", chat: "messages" }[this.at.view]));
    return undefined;
  }

  tick() {
    this.status.firstChild.textContent = hour(now());
  }

  captioned() {
    const { persons, key } = this.phone;
    const marks = persons.map((person) => person.id !== this.person && this.unread(person.id) > 0);
    renew(this.caption, [persons.map(({ id, name }) => [id, name]), this.person, marks], () => [
      el("div.who", {}, el("span.badge", { "aria-hidden": "true" }, icon("send")), el("h2", {}, t(`phone-${key}`)), el("span.net", {}, t(`messenger-${this.messenger}`))),
      persons.length > 1
        ? el(
            "div.holders",
            { role: "radiogroup", "aria-label": t("holder") },
            persons.map((person, at) =>
              el(
                "button.holder",
                {
                  role: "radio",
                  "aria-checked": String(person.id === this.person),
                  "data-person": person.id,
                  tabIndex: person.id === this.person ? 0 : -1,
                  title: t(`role-${person.role}`),
                  onclick: () => this.hold(person.id),
                  onkeydown: (event) => this.walkHolders(event, at),
                },
                persons.some((other) => other.role !== person.role) ? el("span", {}, capital(t(`role-${person.role}`))) : said(person.name.split(" ").at(-1)),
                marks[at] && el("i.dot"),
              ),
            ),
          )
        : el("div.holders.one", {}, said(persons[0].name)),
    ]);
  }

  walkHolders(event, at) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { persons } = this.phone;
    this.hold(persons[(at + step + persons.length) % persons.length].id);
    this.caption.querySelector('[aria-checked="true"]').focus();
  }

  hold(person) {
    if (person === this.person) return;
    const group = this.at.view !== "rooms" && this.room() && this.room().kind !== "private";
    const from = this.key();
    this.person = person;
    if (!group) this.home();
    else {
      this.drawn.clear();
      this.composer.turn(from, this.key());
      this.renew();
    }
  }

  headed(room) {
    const { view, thread } = this.at;
    const rooms = this.holder().rooms;
    const forum = room?.kind === "forum";
    const topic = forum && view === "chat" ? room.threads.find(({ id }) => id === thread) : null;
    const back = view === "chat" ? (forum ? () => this.go({ ...this.at, view: "topics", thread: null }) : rooms.length > 1 && (() => this.go({ ...this.at, view: "rooms" }))) : view === "topics" && rooms.length > 1 && (() => this.go({ ...this.at, view: "rooms" }));
    const bot = room && world.state.accounts.find(({ id, messenger }) => id === room.account && messenger === this.messenger);
    const title = view === "rooms" ? null : topic ? topic.title : forum && view === "chat" ? null : (room?.title ?? "");
    const elsewhere = view === "chat" ? (forum ? this.unreadIn(this.person, this.at.room) - this.unreadIn(this.person, this.at.room, thread) : this.unread() - this.unreadIn(this.person, this.at.room)) : 0;
    const offers = view !== "rooms" && room && (room.kind === "private" || topic || world.state.links.some(({ messenger }) => messenger === this.messenger));
    renew(this.top, [Boolean(offers), view, this.at, title, room?.kind, topic?.closed, rooms.length, room?.threads.length, elsewhere, this.person], () => [
      back ? el("button.round.back", { "aria-label": t("back"), title: t("back"), onclick: back }, icon("back"), elsewhere > 0 && el("span.count", {}, String(elsewhere))) : el("span.gap"),
      view !== "rooms" && (topic || (forum && view === "chat") ? topicMark(thread, title) : avatar(room?.kind === "private" ? room.account : this.at.room, title)),
      el(
        "div.heading",
        {},
        title === null ? el("b", {}, t(view === "rooms" ? "chats" : "topic-general")) : said(title, "b"),
        view !== "rooms" && el("small", {}, topic || (forum && view === "chat") ? said(room.title) : this.subtitle(room, bot), topic?.closed && ` · ${t("topic-closed")}`),
      ),
      offers ? el("button.round.more", { "aria-label": t("menu"), title: t("menu"), "aria-haspopup": "dialog", onclick: () => menu(this, room, topic) }, icon("more")) : el("span.gap"),
    ]);
  }

  subtitle(room, bot) {
    if (!room) return "";
    if (room.kind === "forum") return count("kind-topics", room.threads.length);
    if (room.kind === "group") return t(this.messenger === "vk" ? "kind-chat" : "kind-group");
    return t(bot?.messenger === "vk" ? "kind-community" : "kind-bot");
  }

  chat(room) {
    this.list.className = "list chat";
    const all = room ? this.bubblesOf(room, this.at.thread) : [];
    const bubbles = this.messenger === "telegram" ? albums(all) : all;
    if (!bubbles.length) {
      this.drawn.clear();
      renew(this.list, ["empty", this.key(), room?.kind], () => [this.empty(room)]);
      return;
    }
    this.list.madeFrom = null;
    const stuck = this.stuck;
    const known = new Map(room.bubbles.map((bubble) => [bubble.id, bubble]));
    const names = room.kind !== "private";
    const kept = new Map();
    const nodes = [];
    let added = false;
    let before = null;
    bubbles.forEach((bubble, at) => {
      if (!before || day(before.at) !== day(bubble.at)) nodes.push(this.keep(kept, `day ${day(bubble.at)}`, dayName(bubble.at, now()), () => el("div.day", {}, el("span", {}, dayName(bubble.at, now())))));
      const after = bubbles[at + 1];
      const look = {
        mine: bubble.author === this.person,
        first: !joined(before, bubble),
        last: !joined(bubble, after),
        names,
        answered: bubble.answer && bubble.answer !== this.at.thread ? (known.get(bubble.answer) ?? { id: bubble.answer, name: "…", text: "", files: [], author: "" }) : null,
      };
      if (!this.drawn.has(bubble.id)) added = true;
      nodes.push(this.keep(kept, bubble.id, JSON.stringify([spoken(), bubble, look]), () => draw(bubble, look, this)));
      before = bubble;
    });
    this.drawn = kept;
    arrange(this.list, nodes);
    const newest = nodes.at(-1);
    if (!this.list.querySelector('[tabindex="0"].message') && newest) newest.tabIndex = 0;
    if (stuck) this.bottom(false);
    else if (added) this.below.hidden = false;
    if (stuck) this.markRead(all);
  }

  keep(kept, id, mark, make) {
    const old = this.drawn.get(id);
    const entry = old?.mark === mark ? old : { mark, node: make() };
    kept.set(id, entry);
    return entry.node;
  }

  empty(room) {
    const { role } = this.holder();
    const text = room && room.kind !== "private" ? "empty-group" : `empty-${role === "head" ? "curator" : role}`;
    const tries = room && room.kind !== "private" ? [] : TRIES[role];
    return el(
      "div.empty",
      {},
      el("p", {}, t(text)),
      tries.map((key) => el("button.try", { onclick: () => this.composer.fill(t(key)) }, t(key))),
    );
  }

  // --- scrolling

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.stuck = scrollHeight - scrollTop - clientHeight < 40;
    this.below.hidden = this.stuck || this.at.view !== "chat";
    const room = this.room();
    if (this.stuck && room && this.at.view === "chat") this.markRead(this.bubblesOf(room, this.at.thread));
  }

  bottom(smooth) {
    this.stuck = true;
    this.below.hidden = true;
    const run = () => this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    run();
    for (const image of this.list.querySelectorAll("img, video")) {
      for (const event of ["load", "loadedmetadata"]) image.addEventListener(event, () => this.stuck && run(), { once: true });
    }
  }

  /** Arrow keys go from message to message; the one in focus offers its actions. */
  walk(event) {
    const message = event.target.closest?.(".message");
    if (!message || event.target !== message) return;
    const all = [...this.list.querySelectorAll(".message")];
    const next = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (next) {
      event.preventDefault();
      const other = all[all.indexOf(message) + next];
      if (!other) return;
      message.tabIndex = -1;
      other.tabIndex = 0;
      other.focus();
    } else if (event.key === "Enter") message.querySelector(".tool")?.focus();
  }

  // --- what messages offer (see bubble.js)

  reply(bubble) {
    this.composer.reply(bubble);
  }

  edit(bubble) {
    this.composer.edit(bubble);
  }

  jump(id) {
    const node = this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    node?.scrollIntoView({ block: "center", behavior: "smooth" });
    node?.animate?.([{ opacity: 0.4 }, { opacity: 1 }], { duration: 700 });
  }

  zoom(src, label) {
    this.page.zoom(src, label);
  }

  forward(bubble) {
    forwardTo(this, bubble);
  }

  async press(bubble, row, column, key, button) {
    if (key.url) return this.open(key.url);
    if (key.place) return this.composer.where_from();
    if (button.classList.contains("busy")) return null;
    button.classList.add("busy");
    button.setAttribute("aria-busy", "true");
    const answer = await this.try(() => call("press", { ...this.place(), message: bubble.id, row, column }));
    button.classList.remove("busy");
    button.removeAttribute("aria-busy");
    if (answer?.whisper) this.toast(answer.whisper, true);
    return answer;
  }

  /** An address in a message: a command is said, a deep link is followed, anything else leads outside after a question. */
  async open(url) {
    if (url.startsWith("/")) return this.composer.fill(url);
    try {
      const { account, chat } = await call("open", { ...this.place(), url });
      this.go({ view: "chat", room: `${this.messenger}/${account}/${chat}`, thread: null });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (error.code !== "error-outside" || !/^https?:\/\//i.test(url)) return this.toast(error.message);
      this.sheet(t("error-outside"), [el("p.url", { "data-said": "" }, url), el("a.item", { href: url, target: "_blank", rel: "noopener noreferrer" }, icon("link"), t("outside-open"))]);
    }
    return null;
  }

  // --- menus, toasts

  block(account, blocked) {
    return this.try(() => call("block", { ...this.place(), account, blocked }));
  }

  toast(text, secret = false) {
    const note = el("div.note", { class: secret ? "whisper" : "" }, said(text));
    this.whisper.replaceChildren(note);
    clearTimeout(this.fading);
    this.fading = setTimeout(() => note.remove(), 3500 + text.length * 40);
  }

  /** A sheet from the bottom of the phone; returns what closes it. */
  sheet(title, children) {
    this.closeSheet?.();
    const before = document.activeElement;
    const behind = [this.top, this.screen, this.composer.form, this.blocked];
    const close = () => {
      if (this.closeSheet !== close) return;
      this.closeSheet = null;
      this.cover.hidden = true;
      this.cover.replaceChildren();
      for (const node of behind) node.inert = false;
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
    this.closeSheet = close;
    for (const node of behind) node.inert = true;
    const sheet = el(
      "div.sheet",
      { role: "dialog", "aria-modal": "true", "aria-label": title, tabIndex: -1 },
      el("header", {}, el("h3", {}, title), el("button.round.small", { "aria-label": t("close"), title: t("close"), onclick: close }, icon("close"))),
      children,
    );
    this.cover.replaceChildren(sheet);
    this.cover.hidden = false;
    sheet.focus({ preventScroll: true });
    return close;
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const joined = (one, other) => one && other && one.author && one.author === other.author && new Date(other.at) - new Date(one.at) < RUN && !one.keys.length;

const seen = (file) => file.kind === "photo" || file.kind === "video";

/** Telegram sends each picture of an album as a message of its own; phones show them together. */
function albums(bubbles) {
  const out = [];
  for (const bubble of bubbles) {
    const last = out.at(-1);
    const joins = last && last.author === bubble.author && last.at === bubble.at && last.files.length && bubble.files.length && !bubble.text && !last.keys.length && !bubble.keys.length && [...last.files, ...bubble.files].every(seen);
    if (joins) out[out.length - 1] = { ...last, files: [...last.files, ...bubble.files] };
    else out.push(bubble);
  }
  return out;
}
