// The workspace at a glance, and what concerns all of it: rows on demand, snapshots, beginning anew.

import { act, get, raw } from "../control.js";
import { button, h, notice, refill, shown } from "../dom.js";
import { moment } from "../moments.js";

const NOUNS = ["reply", "send", "contact", "company", "deal", "invoice", "project", "booking"];

export function open(main) {
  const rows = h("ul", { class: "tiles" });
  const about = h("p", { class: "quiet" });
  const mails = h("ol", { class: "lines" });
  refill(main, [
    h("h2", {}, "The workspace at a glance"), about, rows,
    h("div", { class: "columns" },
      h("section", {}, h("h3", {}, "Latest mail"), mails),
      h("section", {}, h("h3", {}, "Let something happen"), triggers(), h("h3", {}, "The whole workspace"), whole())),
  ]);
  const refreshRows = shown(rows, () => get(""), (found) => tiles(found.rows));
  const refreshAbout = shown(about, () => get(""), (found) => [
    `Seed “${found.seed}”, dialect “${found.dialect ?? "of a profile"}”, ${found.requests} requests so far.`]);
  const refreshMails = shown(mails, () => get("threads", { limit: 8 }), latest);
  return { refresh: () => Promise.all([refreshRows(), refreshAbout(), refreshMails()]) };
}

function tiles(rows) {
  return Object.entries(rows).map(([kind, count]) =>
    h("li", {}, h("strong", {}, count.toLocaleString("en")), h("span", {}, kind.replace("_", " "))));
}

function latest(threads) {
  const some = threads.filter((one) => one.last);
  if (!some.length) return [h("li", { class: "quiet" }, "No mail yet: enroll somebody, and move the clock on.")];
  return some.map(({ contact, last }) => h("li", {},
    h("a", { href: `#/people/${encodeURIComponent(contact.id)}`, "data-key": contact.id },
      h("strong", {}, contact.name), ` ${last.direction === "in" ? "wrote" : "got"}: ${last.subject}`),
    h("span", { class: "quiet" }, moment(last.at))));
}

function triggers() {
  return h("div", { class: "buttons" }, NOUNS.map((noun) =>
    button(noun, () => act("POST", `triggers/${noun}`, undefined, `Made: ${noun}.`),
      { "aria-label": `Make a ${noun}` })));
}

function whole() {
  const file = h("input", { type: "file", class: "hidden", accept: ".json,application/json", tabindex: "-1",
    "aria-hidden": "true", onchange: () => file.files[0] && restore(file) });
  return h("div", { class: "buttons" },
    button("Save a snapshot", save), button("Restore a snapshot…", () => file.click()), file,
    button("Begin anew…", beginAnew, { class: "danger" }));
}

async function save() {
  try {
    const link = h("a", { download: "sandbox-snapshot.json",
      href: URL.createObjectURL(new Blob([await raw("snapshot")], { type: "application/json" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    notice("The snapshot is in your downloads.");
  } catch (error) {
    notice(`That did not work: ${error.message}`, true);
  }
}

async function restore(file) {
  const text = await file.files[0].text();
  file.value = "";
  await act("PUT", "snapshot", text, "Restored.");
}

function beginAnew() {
  if (window.confirm("Forget all rows, faults and requests, and begin anew?")) {
    act("POST", "reset", {}, "The workspace began anew.");
  }
}
