// What a phone lists when no chat is open on it: its chats, and the topics of a forum.

import { avatar, el, icon, renew, said } from "./dom.js";
import { excerpt } from "./bubble.js";
import { now, world } from "./server.js";
import { brief, count, day, t } from "./texts.js";

export const GENERAL = ""; // the thread of messages outside every topic

/** The chats of whoever holds the phone. */
export function rooms(view) {
  view.list.className = "list rooms";
  const items = view.holder().rooms.map((key) => {
    const room = world.chats[key];
    return { key, room, last: room.bubbles.at(-1), unread: view.unreadIn(view.person, key) };
  });
  renew(view.list, ["rooms", day(now()), items.map(({ key, room, last, unread }) => [key, room.title, last, unread])], () =>
    items.length
      ? items.map(({ key, room, last, unread }) =>
          entry(view, avatar(room.kind === "private" ? room.account : key, room.title), said(room.title, "b"), last, unread, () =>
            view.go({ view: room.kind === "forum" ? "topics" : "chat", room: key, thread: null }),
          ),
        )
      : [el("div.empty", {}, el("p", {}, t("rooms-empty")))],
  );
}

/** The topics of a forum, the one with the newest message first, the general one last. */
export function topics(view, room) {
  view.list.className = "list topics";
  const threads = [{ id: GENERAL, title: "", closed: false }, ...(room?.threads ?? [])].map((topic) => ({
    ...topic,
    last: room && view.bubblesOf(room, topic.id).at(-1),
    unread: view.unreadIn(view.person, view.at.room, topic.id),
  }));
  const order = [...threads.slice(1).sort((a, b) => (b.last?.at ?? "").localeCompare(a.last?.at ?? "") || Number(b.id) - Number(a.id)), threads[0]];
  renew(view.list, ["topics", day(now()), order, view.at.room], () => [
    ...order.map(({ id, title, closed, last, unread }) =>
      entry(view, topicMark(id, title), id === GENERAL ? el("b", {}, t("topic-general")) : said(title, "b"), last, unread, () => view.go({ ...view.at, view: "chat", thread: id }), closed),
    ),
    order.length === 1 && el("p.hint", {}, t("topics-empty")),
  ]);
}

function entry(view, mark, title, last, unread, onclick, closed = false) {
  return el(
    "button.entry",
    { onclick, class: unread ? "unread" : "" },
    mark,
    el("span.lines", {}, el("span.name", {}, title, closed && icon("lock")), el("span.preview", {}, last && last.author && !last.bot && last.author !== view.person && said(`${last.name.split(" ")[0]}: `), last && excerpt(last))),
    el("span.side", {}, last && el("time", {}, brief(last.at, now())), unread > 0 && el("span.count", { "aria-label": count("unread", unread) }, String(unread))),
  );
}

/** A topic's mark: its number or first letter in a coloured leaf; the general topic has a hash. */
export function topicMark(id, title) {
  const mark = avatar(id, title ?? "");
  mark.classList.add("leaf");
  mark.textContent = id === GENERAL ? "#" : (title.match(/\d+/)?.[0] ?? title[0] ?? "#").slice(-3);
  return mark;
}
