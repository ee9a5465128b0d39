// People with their mails: a list that can be searched, and the thread of whoever is chosen.

import { get } from "../control.js";
import { h, plural, refill, shown } from "../dom.js";
import { moment } from "../moments.js";
import { openThread } from "./thread.js";

let wanted = ""; // the search outlives a visit to another view

export function open(main, [chosen]) {
  const list = h("ul", { class: "people" });
  const count = h("p", { class: "quiet", role: "status" });
  const search = h("input", { type: "search", value: wanted, placeholder: "Search people and mails  ( / )",
    "aria-label": "Search people and mails", oninput: () => {
      wanted = search.value;
      refresh();
    } });
  const thread = h("section", { class: "thread", "aria-label": "Thread" });
  refill(main, h("div", { class: chosen ? "inbox chosen" : "inbox" },
    h("section", { "aria-label": "People" }, h("h2", {}, "People"), search, count, list), thread));
  const found = () => get("threads", { contains: wanted, limit: 200 });
  const refreshList = shown(list, found, (threads) => {
    const more = threads.length === 200 ? " at least" : "";
    count.textContent = `${plural(threads.length, "person").replace("persons", "people")}${more}`;
    return threads.map((one) => line(one, chosen));
  });
  const refreshThread = chosen ? openThread(thread, chosen) : () => empty(thread);
  const refresh = () => Promise.all([refreshList(), refreshThread()]);
  return { refresh };
}

function line({ contact, mails, last }, chosen) {
  return h("li", {}, h("a", { href: `#/people/${encodeURIComponent(contact.id)}`, "data-key": contact.id,
    "aria-current": contact.id === chosen && "true" },
  h("span", { class: "row" }, h("strong", {}, contact.name), h("span", { class: "quiet" }, last ? moment(last.at) : "")),
  h("span", { class: "cut" }, last ? `${last.direction === "in" ? "← " : "→ "}${last.subject}` : "no mail"),
  h("span", { class: "cut quiet" }, `${contact.email ?? "no address"} · ${plural(mails, "mail")}`)));
}

function empty(thread) {
  if (!thread.firstChild) thread.append(h("p", { class: "quiet" }, "Choose somebody to read their mails and to answer as them."));
}
