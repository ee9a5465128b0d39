// The requests of the API as they arrive, with their bodies and answers.

import { act, follow, get } from "../control.js";
import { button, h, refill } from "../dom.js";
import { exact } from "../moments.js";

const MOST = 200;

export function open(main, _, signal) {
  const records = new Map();
  const list = h("ol", { class: "requests" });
  const search = h("input", { type: "search", placeholder: "Filter by path, status or body  ( / )",
    "aria-label": "Filter requests", oninput: () => filterAll() });
  const forget = async () => {
    await act("DELETE", "requests", undefined, "Forgotten.");
    records.clear();
    refill(list, []);
  };
  refill(main, [h("h2", {}, "Requests"), h("div", { class: "fields" }, search, button("Forget all", forget)), list]);

  const hidden = (one) => !JSON.stringify(one).toLowerCase().includes(search.value.toLowerCase());
  const filterAll = () => {
    for (const { one, item } of records.values()) item.hidden = hidden(one);
  };
  const add = (one) => {
    const before = records.get(one.number)?.one;
    if (before && before.status !== null && one.status === null) { // a snapshot was restored: numbers begin again
      records.clear();
      refill(list, []);
    }
    const known = records.get(one.number);
    const item = known?.item ?? h("li");
    records.set(one.number, { one, item });
    item.hidden = hidden(one);
    if (!known) list.prepend(item);
    summarize(item, one);
    while (records.size > MOST) {
      const [oldest, { item: last }] = records.entries().next().value;
      last.remove();
      records.delete(oldest);
    }
  };
  (async () => {
    for (const one of await get("requests", { limit: MOST })) add(one);
    await follow(add, signal);
  })().catch(() => undefined);
  return { refresh: async () => undefined };
}

function summarize(item, one) {
  const query = new URLSearchParams(one.query).toString();
  const shownPath = query ? `${one.path}?${query}` : one.path;
  const status = one.status === null ? "none" : String(one.status);
  const summary = [h("span", { class: `status s${status[0]}` }, status), h("span", { class: "wrap" }, h("strong", {}, one.method), ` ${shownPath}`),
    h("time", { class: "quiet", datetime: one.at }, exact(one.at))];
  const open = item.querySelector("details");
  if (open) {
    refill(open.querySelector("summary"), summary);
    return;
  }
  const details = h("details", { ontoggle: () => details.open && explain(details, one.number) },
    h("summary", {}, summary), h("div", { class: "detail" }));
  item.append(details);
}

async function explain(details, number) {
  const place = details.querySelector(".detail");
  try {
    const { request, answer } = await get(`requests/${number}`);
    refill(place, [
      part("Request headers", request.headers),
      request.body === null ? null : part("Request body", request.body),
      answer ? part(`Answer ${answer.status}`, answer.headers) : h("p", {}, "There is no answer."),
      answer?.body ? part(answer.cut ? "Its body, cut" : "Its body", answer.body) : null,
    ]);
  } catch (error) {
    refill(place, h("p", {}, `${error.message}.`));
  }
}

function part(title, value) {
  return h("section", {}, h("h4", {}, title), h("pre", { tabindex: "0" }, pretty(value)));
}

function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
