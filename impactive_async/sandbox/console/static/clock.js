// The clock in the header: what time it is, and buttons that move it.

import { act } from "./control.js";
import { button, h, refill } from "./dom.js";
import { distance, moment } from "./moments.js";

const STEPS = [["+1 h", { hours: 1 }, "one hour"], ["+1 day", { days: 1 }, "one day"], ["+1 week", { days: 7 }, "one week"]];
const SPEEDS = [[1, "as real time"], [60, "a minute a second"], [3600, "an hour a second"], [86400, "a day a second"]];

export function drawClock(place, clock) {
  const due = clock.next_due;
  refill(place, [
    h("p", { class: "time" }, h("strong", { id: "now" }, `${moment(clock.now)} UTC`),
      h("span", { class: "quiet" }, due ? `next due ${distance(clock.now, due)}` : "nothing is due")),
    h("div", { class: "buttons" },
      STEPS.map(([label, body, spoken]) =>
        button(label, () => act("POST", "clock/advance", body, `Moved on by ${spoken}.`),
          { "data-key": label, "aria-label": `Move the clock on by ${spoken}` })),
      button("To next due", () => act("POST", "clock/advance", { to: due }, "Moved on to what was due."),
        { "data-key": "due", disabled: !due || due < clock.now }),
      speed(clock)),
  ]);
}

function speed(clock) {
  const set = (event) => {
    const value = event.target.value === "" ? null : Number(event.target.value);
    act("PUT", "clock/speed", { speed: value }, value === null ? "The clock stands still." : "The clock runs.");
  };
  const known = SPEEDS.some(([value]) => value === clock.speed) || clock.speed === null;
  const choices = [["", "Stands still"], ...SPEEDS.map(([value, text]) => [value, `Plays: ${text}`])];
  if (!known) choices.push([clock.speed, `Plays: ${clock.speed} s a second`]);
  return h("label", { class: "inline" }, h("span", { class: "hidden" }, "Speed of the clock"),
    h("select", { onchange: set, "data-key": "speed" },
      choices.map(([value, text]) =>
        h("option", { value, selected: String(clock.speed ?? "") === String(value) }, text))));
}
