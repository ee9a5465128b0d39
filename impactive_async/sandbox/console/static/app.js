// The page: one view at a time, chosen by the address; refreshed when something happens, and every two seconds.

import { drawClock } from "./clock.js";
import { get } from "./control.js";
import { h, notice, refill } from "./dom.js";
import * as faults from "./views/faults.js";
import * as overview from "./views/overview.js";
import * as people from "./views/people.js";
import * as requests from "./views/requests.js";
import * as sequences from "./views/sequences.js";

const VIEWS = { overview, people, sequences, faults, requests };
const TITLES = { overview: "Overview", people: "People", sequences: "Sequences", faults: "Faults", requests: "Requests" };

const main = document.getElementById("main");
let view = null;
let stop = new AbortController();
let unreachable = false;

function open() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const chosen = VIEWS[name] ? name : "overview";
  stop.abort();
  stop = new AbortController();
  refill(document.getElementById("nav"), Object.keys(VIEWS).map((one) =>
    h("a", { href: `#/${one}`, "data-key": one, "aria-current": one === chosen && "page" }, TITLES[one])));
  document.title = `${TITLES[chosen]} · Sandbox console`;
  view = VIEWS[chosen].open(main, rest, stop.signal);
  refresh();
}

async function refresh() {
  try {
    const [found] = await Promise.all([get(""), view.refresh()]);
    drawClock(document.getElementById("clock"), found.clock);
    if (unreachable) notice("The sandbox answers again.");
    unreachable = false;
  } catch (error) {
    unreachable = true;
    notice(`The sandbox does not answer: ${error.message}`, true);
  }
}

function shortcut(event) {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = main.querySelector("input[type=search]");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
  }
}

addEventListener("hashchange", open);
document.addEventListener("changed", refresh);
document.addEventListener("keydown", shortcut);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
setInterval(() => document.visibilityState === "visible" && refresh(), 2000);
open();
