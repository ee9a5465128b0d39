// Sequences with their steps and counts, and a time line of what is due.

import { get } from "../control.js";
import { h, plural, refill, shown } from "../dom.js";
import { day, distance, exact } from "../moments.js";

export function open(main) {
  const list = h("div", { class: "cards" });
  const due = h("ol", { class: "timeline" });
  refill(main, [h("h2", {}, "Sequences"), list, h("h2", {}, "What is due"), due]);
  const refreshList = shown(list, () => get("sequences"), (found) =>
    found.length ? found.map(card) : [h("p", { class: "quiet" }, "No sequence yet.")]);
  const refreshDue = shown(due, () => get("due", { limit: 100 }), plan);
  return { refresh: () => Promise.all([refreshList(), refreshDue()]) };
}

function card(one) {
  const counts = Object.entries(one.enrollments).filter(([, count]) => count);
  return h("article", { class: "card" },
    h("h3", { class: "wrap" }, one.name, " ", h("span", { class: `chip ${one.status}` }, one.status)),
    h("p", { class: "quiet" }, `${plural(one.sends, "mail")} sent; of the people on it, ${one.replies} wrote back`),
    h("ul", { class: "chips" }, counts.length ? counts.map(([status, count]) =>
      h("li", { class: `chip ${status}` }, `${count.toLocaleString("en")} ${status}`)) : h("li", { class: "quiet" }, "nobody is on it")),
    h("ol", { class: "steps" }, one.steps.map((step) =>
      h("li", { class: "wrap" }, step.subject, h("span", { class: "quiet" },
        step.delay_days ? `  after ${plural(step.delay_days, "day")}` : "  at once")))));
}

function plan({ now, due }) {
  if (!due.length) return [h("li", { class: "quiet" }, "Nothing. Enroll somebody in an active sequence.")];
  let last = "";
  return due.flatMap((one) => {
    const today = day(one.at);
    const heading = today === last ? [] : [h("li", { class: "day" }, h("strong", {}, today), h("span", { class: "quiet" }, distance(now, one.at)))];
    last = today;
    return [...heading, h("li", { class: one.sends ? "" : "quiet" },
      h("time", { datetime: one.at }, exact(one.at)),
      h("span", { class: "wrap" }, h("a", { href: `#/people/${encodeURIComponent(one.contact.id)}` }, one.contact.name),
        ` gets “${one.subject}” of ${one.sequence}${one.sends ? "" : ` (${one.status}: nothing is sent)`}`))];
  });
}
