// Where a phone's holder writes: text, files, an answer to a message, a correction of one's own.

import { el, icon, said } from "./dom.js";
import { excerpt } from "./bubble.js";
import * as samples from "./samples.js";
import { Failed, call, say } from "./server.js";
import { t } from "./texts.js";

const ACCEPTED = { photo: "image/*", video: "video/*", voice: "audio/*", document: "" };
const MOST_FILES = 10;

export class Composer {
  /** @param where  () → { phone, person, account, chat, thread }, the chat that is open; @param shell  the phone: toast(), sheet(), places() */
  constructor(where, shell) {
    this.where = where;
    this.shell = shell;
    this.drafts = new Map();
    this.clear();
    this.text = el("textarea", { rows: 1, autocomplete: "off", oninput: () => this.grow(), onkeydown: (event) => this.typed(event) });
    this.attach = el("button.round.attach", { onclick: () => this.offer() });
    this.menu = el("button.round.commands", { onclick: () => this.commands(), hidden: true }, icon("menu"));
    this.go = el("button.round.go", { type: "submit" }, icon("send"));
    this.above = el("div.above");
    this.form = el("form.composer", { onsubmit: (event) => (event.preventDefault(), this.send()) }, this.above, el("div.row", {}, this.menu, this.attach, this.text, this.go));
    this.form.addEventListener("dragover", (event) => event.preventDefault());
    this.form.addEventListener("drop", (event) => (event.preventDefault(), this.take(event.dataTransfer.files)));
    this.text.addEventListener("paste", (event) => event.clipboardData.files.length && (event.preventDefault(), this.take(event.clipboardData.files)));
  }

  /** Another chat was opened: keep what was begun in the old one, take up what was begun here. */
  turn(from, to) {
    if (from) this.drafts.set(from, { text: this.text.value, files: this.files, answer: this.answer, editing: this.editing });
    const draft = this.drafts.get(to);
    this.clear();
    Object.assign(this, draft && { files: draft.files, answer: draft.answer, editing: draft.editing });
    this.text.value = draft?.text ?? "";
    this.renew();
  }

  clear() {
    this.files = [];
    this.answer = null;
    this.editing = null;
  }

  /** Words in the page's language, and the row above the text. */
  renew(commands = this.known ?? []) {
    this.known = commands;
    this.text.placeholder = t("write");
    this.text.setAttribute("aria-label", t("write"));
    const labels = [[this.attach, "attach"], [this.menu, "commands"], [this.go, this.editing ? "save" : "send"]];
    for (const [button, key] of labels) {
      button.title = t(key);
      button.setAttribute("aria-label", t(key));
    }
    this.attach.replaceChildren(icon(this.shell.messenger === "vk" ? "plus" : "clip"));
    this.go.replaceChildren(icon(this.editing ? "check" : "send"));
    this.menu.hidden = !commands.length;
    const to = this.editing ?? this.answer;
    this.above.replaceChildren(
      ...[
        to &&
          el(
            "div.context",
            {},
            icon(this.editing ? "edit" : "reply"),
            el("span.about", {}, el("b", {}, this.editing ? t("editing") : said(to.name)), excerpt(to)),
            el("button.round.small", { "aria-label": t("cancel"), title: t("cancel"), onclick: () => this.leave() }, icon("close")),
          ),
        this.files.length > 0 && el("div.files", {}, this.files.map((file) => this.chip(file))),
      ].filter(Boolean),
    );
    this.grow();
  }

  chip(file) {
    return el(
      "span.chip",
      {},
      file.url ? el("img", { src: file.url, alt: "" }) : el("span.kind", {}, icon({ voice: "mic", video: "film" }[file.kind] ?? "file"), el("span", { "data-said": "" }, file.name)),
      el("button.drop", { "aria-label": t("remove-file", { name: file.name }), onclick: () => ((this.files = this.files.filter((kept) => kept !== file)), this.renew()) }, icon("close")),
    );
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 132)}px`;
    this.form.classList.toggle("ready", Boolean(this.text.value.trim() || this.files.length));
  }

  typed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && (this.answer || this.editing)) {
      event.preventDefault();
      this.leave();
    }
  }

  reply(bubble) {
    if (this.editing) this.text.value = "";
    this.editing = null;
    this.answer = bubble;
    this.renew();
    this.text.focus();
  }

  edit(bubble) {
    this.answer = null;
    this.editing = bubble;
    this.text.value = bubble.text;
    this.renew();
    this.text.focus();
  }

  leave() {
    if (this.editing) this.text.value = "";
    this.editing = this.answer = null;
    this.renew();
    this.text.focus();
  }

  fill(text) {
    this.text.value = text;
    this.grow();
    this.text.focus();
  }

  async send() {
    const text = this.text.value;
    if (this.busy || !(text.trim() || this.files.length)) return;
    const { files, answer, editing } = this;
    const where = this.where();
    this.busy = true;
    this.form.classList.add("busy");
    this.text.value = "";
    this.clear();
    this.renew();
    if (!editing) this.shell.bottom(false);
    try {
      if (editing) await call("edit", { ...where, message: editing.id, text });
      else await say({ ...where, text, answer: answer?.id ?? "" }, files);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      Object.assign(this, { files, answer, editing });
      this.text.value = text;
      this.renew();
      this.shell.toast(error.message);
    } finally {
      this.busy = false;
      this.form.classList.remove("busy");
    }
  }

  async place(point) {
    const { answer } = this;
    this.leave();
    try {
      await say({ ...this.where(), location: [point.latitude, point.longitude], answer: answer?.id ?? "" });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.shell.toast(error.message);
    }
  }

  /** What may be attached: ready-made pictures first. */
  offer() {
    const close = this.shell.sheet(t("attach"), [
      el("h4", {}, t("attach-samples")),
      el(
        "div.samples",
        {},
        samples.names.map((name) => {
          const image = el("img", { alt: "" });
          samples.picture(name).then((drawn) => (image.src = drawn.url));
          return el("button.sample", { title: t(`sample-${name}`), "aria-label": t(`sample-${name}`), "data-sample": name, onclick: async () => (close(), this.add(await samples.picture(name))) }, image);
        }),
      ),
      el("h4", {}, t("attach-own")),
      el(
        "div.choices",
        {},
        [["photo", "picture"], ["video", "film"], ["voice", "mic"], ["document", "file"]].map(([kind, glyph]) => this.choice(t(`attach-${kind}`), glyph, kind, () => (close(), this.pick(kind)))),
        this.choice(t("attach-place"), "pin", "place", () => (close(), this.where_from())),
        this.choice(t("attach-sample-voice"), "mic", "sample-voice", () => (close(), this.add(samples.voice()))),
      ),
    ]);
  }

  choice(label, glyph, name, onclick) {
    return el("button.choice", { onclick, "data-choice": name }, el("span.disc", { class: `of-${name}` }, icon(glyph)), el("span", {}, label));
  }

  pick(kind) {
    const input = el("input", { type: "file", accept: ACCEPTED[kind], multiple: kind !== "voice", onchange: () => this.take(input.files, kind) });
    input.click();
  }

  take(files, kind = "") {
    for (const file of files) {
      const seen = kind || { image: "photo", video: "video", audio: "voice" }[file.type.split("/")[0]] || "document";
      this.add({ kind: seen, blob: file, name: file.name, url: seen === "photo" ? URL.createObjectURL(file) : "" });
    }
  }

  add(file) {
    if (this.files.length < MOST_FILES) this.files.push({ ...file });
    this.renew();
    this.text.focus();
  }

  where_from() {
    const close = this.shell.sheet(
      t("pick-place"),
      this.shell.places().map((point) => el("button.item", { onclick: () => (close(), this.place(point)) }, icon("pin"), said(point.name))),
    );
  }

  commands() {
    const close = this.shell.sheet(
      t("commands"),
      this.known.map(({ name, does }) => el("button.item", { onclick: () => (close(), this.fill(`/${name}`), this.send()) }, el("b", { "data-said": "" }, `/${name}`), said(does))),
    );
  }
}
