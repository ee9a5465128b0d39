// Faults as switches: ready-made ones, those that are armed, and chaos.

import { act, get } from "../control.js";
import { button, h, refill, shown } from "../dom.js";

const READY = [
  ["Every request is answered 503", { pattern: "*", times: null, status: 503 }],
  ["Every request is answered 429, to wait 2 seconds", { pattern: "*", times: null, status: 429, retry_after: "2" }],
  ["Every answer takes 2 seconds", { pattern: "*", times: null, delay: 2 }],
  ["Every connection closes without an answer", { pattern: "*", times: null, disconnect: true }],
  ["New contacts are made, but the answer is lost", { pattern: "POST /api/agent/contacts", times: null, drop_after_commit: true }],
  ["Enrolling is done, but answered 502", { pattern: "POST /api/agent/sequences/:id/enroll", times: null, commit: true, status: 502 }],
];
const KINDS = ["429", "500", "502", "503", "commit_502", "disconnect", "drop_after_commit", "truncate", "die_mid_body",
  "drop_keepalive", "html", "empty", "delay"];

export function open(main) {
  const ready = h("ul", { class: "switches" });
  const armed = h("ul", { class: "lines" });
  const chaos = h("div");
  refill(main, [
    h("h2", {}, "Faults"), ready,
    h("h3", {}, "One request"), single(),
    h("h3", {}, "Armed"), armed,
    h("h3", {}, "Chaos"), chaos,
    button("Remove all faults and chaos", () => act("DELETE", "faults", undefined, "No request fails any more.")),
  ]);
  const found = () => get("faults");
  const refreshes = [
    shown(ready, found, ({ armed: all }) => READY.map(([label, fault]) => ready1(label, fault, all))),
    shown(armed, async () => (await found()).armed, lines),
    shown(chaos, async () => (await found()).chaos, chaosForm),
  ];
  return { refresh: () => Promise.all(refreshes.map((one) => one())) };
}

function ready1(label, fault, all) {
  const same = all.find((one) => one.times === null && one.pattern === fault.pattern && matches(one, fault));
  const flip = () => same
    ? act("DELETE", `faults/${same.number}`, undefined, "Switched off.")
    : act("POST", "faults", fault, "Switched on.");
  return h("li", {}, toggle(label, Boolean(same), flip));
}

function matches(armed, fault) {
  const commits = Boolean(fault.commit || fault.drop_after_commit);
  const closes = Boolean(fault.disconnect || fault.drop_after_commit);
  return (armed.status ?? null) === (fault.status ?? null) && (armed.delay ?? 0) === (fault.delay ?? 0)
    && Boolean(armed.commit) === commits && Boolean(armed.disconnect) === closes;
}

function toggle(label, on, onclick) {
  return h("button", { type: "button", role: "switch", "aria-checked": String(on), onclick, "data-key": label, class: "switch" },
    h("span", { class: "knob", "aria-hidden": "true" }), label);
}

function single() {
  const pattern = h("input", { id: "pattern", value: "*", autocomplete: "off" });
  const status = h("input", { id: "status", type: "number", min: 100, max: 599, value: 503 });
  const times = h("input", { id: "times", type: "number", min: 1, value: 1 });
  const arm = (event) => {
    event.preventDefault();
    act("POST", "faults", { pattern: pattern.value, status: Number(status.value), times: Number(times.value) }, "Armed.");
  };
  return h("form", { class: "fields", onsubmit: arm },
    h("label", { for: "pattern" }, "Verb and path, as GET /api/agent/sequences/:id, or *"), pattern,
    h("label", { for: "status" }, "is answered with"), status,
    h("label", { for: "times" }, "so many times"), times,
    h("button", { type: "submit" }, "Arm"));
}

function lines(all) {
  if (!all.length) return [h("li", { class: "quiet" }, "None.")];
  return all.map((one) => {
    const { number, pattern, times, after, hits, ...how } = one;
    const often = times === null ? "always" : `${hits} of ${times}`;
    return h("li", {}, h("span", { class: "wrap" }, h("code", {}, pattern), ` ${often}: ${JSON.stringify(how)}`, after ? `, after ${after}` : ""),
      button("Remove", () => act("DELETE", `faults/${number}`, undefined, "Removed."), { "data-key": `fault ${number}`, "aria-label": `Remove fault ${number}` }));
  });
}

function chaosForm({ rate, kinds }) {
  const set = (changed) => act("PUT", "chaos", { rate, kinds, ...changed }, "Chaos has changed.");
  const percent = Math.round(rate * 100);
  const slider = h("input", { id: "rate", type: "range", min: 0, max: 100, step: 5, value: percent, "data-key": "rate",
    onchange: (event) => set({ rate: Number(event.target.value) / 100 }) });
  const flip = (kind) => {
    const left = kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind];
    if (left.length) set({ kinds: left });
    else set({ rate: 0 });
  };
  return [
    h("label", { for: "rate" }, `${percent} % of all requests fail, in one of these ways`), slider,
    h("div", { class: "switches wrapped" }, KINDS.map((kind) => toggle(kind, kinds.includes(kind), () => flip(kind)))),
  ];
}
