// The sheets that a phone's chat opens: its menu, and where to forward a message.

import { avatar, el, icon, said } from "./dom.js";
import { call, world } from "./server.js";
import { spoken, t } from "./texts.js";

/** Choose where a message is forwarded to. */
export function forwardTo(view, bubble) {
  const from = view.place();
  const close = view.sheet(
    t("forward-to"),
    view.holder().rooms.map((key) => {
      const room = world.chats[key];
      return el(
        "button.item",
        {
          onclick: async () => {
            close();
            const done = await view.try(() => call("forward", { ...from, message: bubble.id, to_account: room.account, to_chat: room.chat }));
            if (done) view.toast(t("forward-done"));
          },
        },
        avatar(room.kind === "private" ? room.account : key, room.title),
        said(room.title),
      );
    }),
  );
}

/** What can be done with the open chat. */
export function menu(view, room, topic) {
  const blocked = view.holder().blocked.includes(room.account);
  const item = (glyph, label, run, kind = "") => el("button.item", { class: kind, onclick: () => (close(), run()) }, icon(glyph), label);
  const links = world.state.links.filter(({ messenger }) => messenger === view.messenger);
  const close = view.sheet(t("menu"), [
    room.kind === "private" && item("block", t(blocked ? "menu-unblock" : "menu-block"), () => view.block(room.account, !blocked), blocked ? "" : "danger"),
    topic && item("trash", t("menu-delete"), () => deleteTopic(view, room, topic), "danger"),
    links.length > 0 && el("h4", {}, t("menu-links")),
    links.map(({ url, titles }) => item("link", said(titles[spoken()] ?? titles.ru ?? url), () => view.open(url))),
  ].flat());
}

function deleteTopic(view, room, topic) {
  const close = view.sheet(t("menu-delete"), [
    el("p", { "data-said": "" }, t("delete-sure", { title: topic.title })),
    el("button.item.danger", { onclick: () => (close(), view.try(() => call("delete-thread", { ...view.place(), chat: room.chat, thread: topic.id }))) }, icon("trash"), t("delete")),
  ]);
}
