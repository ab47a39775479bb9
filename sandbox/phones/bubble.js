// Draws one message as its messenger does.

import { avatar, el, icon, rich, said } from "./dom.js";
import { hour, t } from "./texts.js";

/** One line that says what a message is: its text, or the kind of what it carries. */
export function excerpt(bubble) {
  if (bubble.text) return said(bubble.text.replace(/\s+/g, " ").slice(0, 120));
  if (bubble.files.length) return el("span.what", {}, t(bubble.files[0].kind));
  if (bubble.place) return el("span.what", {}, t("place"));
  return el("span.what", {}, t("answer-lost"));
}

/**
 * @param look  { mine, first, last, names, answered } — whose, its place in a run of one author's messages, and what it answers
 * @param act   { reply, forward, edit, press, open, jump, zoom } — what its buttons do
 */
export function draw(bubble, look, act) {
  if (!bubble.author) return el("div.service", { "data-id": bubble.id }, said(bubble.text));
  const pictures = bubble.files.filter((file) => ["photo", "video", "round", "sticker"].includes(file.kind));
  const others = bubble.files.filter((file) => !pictures.includes(file));
  const stamp = el("span.stamp", {}, bubble.edited && el("span", {}, t("edited") + " "), el("time", { dateTime: bubble.at }, hour(bubble.at)), look.mine && icon("check", t("sent")));
  const body = el(
    "div.body",
    { class: pictures.length && !bubble.text && !others.length && !bubble.place ? "bare" : "" },
    look.names && look.first && !look.mine && el("div.author", { class: hue(bubble.author), "data-said": "" }, bubble.name),
    bubble.forwarded && el("div.forwarded", {}, icon("forward"), t("forwarded")),
    look.answered && answered(look.answered, act),
    pictures.length > 0 && el(`div.album.of-${Math.min(pictures.length, 4)}`, {}, pictures.map((file) => picture(file, act))),
    others.map(attachment),
    bubble.place && place(bubble.place),
    bubble.text && el("div.text", { "data-said": "", dir: "auto" }, rich(bubble.text, (url) => act.open(url))),
    stamp,
  );
  const bubble_and_tools = el("div.line", {}, body, tools(bubble, look, act));
  const node = el(
    "article.message",
    { class: [look.mine ? "mine" : "theirs", look.first && "first", look.last && "last", bubble.bot && "bot"].filter(Boolean).join(" "), "data-id": bubble.id, tabIndex: -1 },
    !look.mine && look.names && (look.last ? avatar(bubble.author, bubble.name) : el("span.avatar.none")),
    el("div.stack", {}, bubble_and_tools, bubble.keys.length > 0 && keys(bubble, act)),
  );
  node.addEventListener("click", (event) => {
    if (event.target.closest("button, a, audio, video") || String(getSelection())) return;
    const chosen = node.classList.contains("chosen");
    for (const other of node.parentElement?.querySelectorAll(".chosen") ?? []) other.classList.remove("chosen");
    node.classList.toggle("chosen", !chosen);
  });
  return node;
}

const hue = (id) => avatar(id, "").className.split(" ").pop();

function tools(bubble, look, act) {
  const tool = (name, label, run) => el("button.tool", { title: t(label), "aria-label": t(label), "data-tool": label, onclick: run }, icon(name));
  return el(
    "div.tools",
    { role: "group", "aria-label": t("actions") },
    tool("reply", "reply", () => act.reply(bubble)),
    tool("forward", "forward", () => act.forward(bubble)),
    look.mine && bubble.text && !bubble.forwarded && tool("edit", "edit", () => act.edit(bubble)),
  );
}

function answered(bubble, act) {
  return el(
    "button.quote",
    { class: hue(bubble.author || bubble.id), onclick: () => act.jump(bubble.id) },
    el("span.who", { "data-said": "" }, bubble.name),
    el("span.excerpt", {}, excerpt(bubble)),
  );
}

function keys(bubble, act) {
  return el(
    "div.keys",
    {},
    bubble.keys.map((row, at) =>
      el(
        "div.row",
        {},
        row.map((key, column) => {
          const button = el(
            "button.key",
            { "data-said": "", onclick: () => act.press(bubble, at, column, key, button) },
            el("span", {}, key.label),
            key.url && icon("link"),
            key.place && icon("pin"),
          );
          return button;
        }),
      ),
    ),
  );
}

function picture(file, act) {
  const src = `/blob/${file.blob}`;
  if (file.kind === "video" || file.kind === "round")
    return el(`video.${file.kind}`, { src, controls: true, preload: "metadata", playsInline: true, "aria-label": t(file.kind) });
  return el("button.photo", { "aria-label": t(file.kind), onclick: () => act.zoom(src, t(file.kind)) }, el("img", { src, alt: "", loading: "lazy" }));
}

function attachment(file) {
  const src = `/blob/${file.blob}`;
  if (file.kind === "voice" || file.kind === "audio") return player(file, src);
  return el(
    "a.file",
    { href: src, download: file.name || "file", "aria-label": t("download", { name: file.name }) },
    el("span.disc", {}, icon("file")),
    el("span.name", { "data-said": "" }, file.name || file.mime),
  );
}

/** A play button and a waveform whose bars come from the file's name. */
function player(file, src) {
  const sound = el("audio", { src, preload: "metadata" });
  const bars = [...file.blob.slice(0, 26)].map((letter) => {
    const bar = el("i");
    bar.style.height = `${18 + (Number.parseInt(letter, 36) % 16) * 5}%`;
    return bar;
  });
  const time = el("span.time", {}, "0:00");
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const tick = () => {
    time.textContent = clock(sound.paused ? sound.duration || 0 : sound.currentTime);
    bars.forEach((bar, at) => bar.classList.toggle("played", at / bars.length < sound.currentTime / (sound.duration || 1)));
  };
  const button = el("button.disc", { "aria-label": t(file.kind), onclick: () => (sound.paused ? sound.play().catch(() => {}) : sound.pause()) });
  const glyph = () => button.classList.toggle("on", !sound.paused);
  for (const event of ["timeupdate", "loadedmetadata", "pause", "ended"]) sound.addEventListener(event, tick);
  for (const event of ["play", "pause", "ended"]) sound.addEventListener(event, glyph);
  return el("div.voice", {}, button, el("span.wave", { "aria-hidden": "true" }, bars), time, sound);
}

function place([latitude, longitude]) {
  const where = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
  return el("div.place", { role: "img", "aria-label": `${t("place")}: ${where}` }, el("span.map", {}, el("i"), el("i"), el("i"), icon("pin")), el("span.where", {}, where));
}
