// Makes elements. Texts are always set as text, never as markup.

import { spoken } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  ahead: "M5 6l7 6-7 6zM13 6l7 6-7 6z",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  clip: "M20 11.5l-8.3 8.3a5 5 0 0 1-7.1-7.1l8.6-8.5a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.6-7.7",
  plus: "M12 8v8M8 12h8M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  send: "M4 12l16-8-6 16-3-7z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  reply: "M10 6l-6 5.5 6 5.5M4.5 11.5H14c4 0 6 2.5 6 6.5",
  forward: "M14 6l6 5.5-6 5.5M19.5 11.5H10c-4 0-6 2.5-6 6.5",
  edit: "M4 20l1-4L16.5 4.5l3 3L8 19z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M5 9l7 7 7-7",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5v.01",
  film: "M4 6h11v12H4zM15 10l5-3v10l-5-3",
  mic: "M12 3.5a3 3 0 0 0-3 3V12a3 3 0 0 0 6 0V6.5a3 3 0 0 0-3-3zM6 11.5a6 6 0 0 0 12 0M12 17.5V21",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  pin: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4",
  flag: "M6 21V4h12l-3 4.5 3 4.5H6",
  bolt: "M13 3L5 13.5h6L10.5 21 19 10h-6.5z",
  alert: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.01",
  block: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM6 6l12 12",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7L12 6.300M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  menu: "M5 7h14M5 12h14M5 17h14",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.5-4 3.5-5.5 7.5-5.5s7 1.5 7.5 5.5",
  topics: "M4 6h4v4H4zM12 8h8M4 14h4v4H4zM12 16h8",
  talk: "M4 5h12v9H9l-5 4zM16 9h4v9l-4-3h-5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  lang: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17",
};

/** el("button.key", { title: "…", onclick }, child, "text", …): children that are null or false are left out. */
export function el(name, props = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.classList.add(...value.split(" ").filter(Boolean));
    else if (key in node && !key.includes("-") && key !== "list" && key !== "role") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  if (tag === "button" && !props.type) node.type = "button";
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name, label = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return label ? [svg, el("span.hidden", {}, label)] : svg;
}

/** What people and bots said or named themselves: it stays as it is in every language of the page. */
export function said(text, name = "span") {
  return el(name, { "data-said": "", dir: "auto" }, text);
}

const HUES = 8;

/** A round picture with one's initials, its colour by the id. */
export function avatar(id, name, mark = "") {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  const words = name.replace(/[^\p{L}\p{N} ]/gu, " ").split(" ").filter(Boolean);
  const initials = mark ? "" : (words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "");
  return el(`span.avatar.hue-${sum % HUES}`, { "aria-hidden": "true", "data-said": "" }, mark ? icon(mark) : initials.toUpperCase());
}

/** Put the nodes into the parent in this order, touching only what differs. */
export function arrange(parent, nodes) {
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}

/**
 * Replace the children only when what they are made from, or the language, changed: focus and scroll stay.
 * After a replacement the element with the same data-name has the focus again.
 */
export function renew(node, madeFrom, build) {
  const mark = JSON.stringify([spoken(), madeFrom]);
  if (node.madeFrom === mark) return;
  node.madeFrom = mark;
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.name : null;
  node.replaceChildren(...build().filter(Boolean));
  if (focused) node.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}

const LINK = /(https?:\/\/[^\s<>«»"]+|(?:t\.me|vk\.me)\/[^\s<>«»"]+|(?<![\p{L}\p{N}/])\/[a-z][a-z0-9_]*(?:@\w+)?)/giu;

/** A text with addresses and commands made pressable. */
export function rich(text, open) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    const what = found[0].replace(/[.,;:!?)\]]+$/, "");
    if (found.index > at) out.push(text.slice(at, found.index));
    out.push(el("button.address", { onclick: (event) => (event.stopPropagation(), open(what)) }, what));
    at = found.index + what.length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}
