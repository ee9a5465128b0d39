// Builds elements. Text becomes a text node, never markup: whatever a row holds is shown as it is.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, label);
}

// Exchanges what an element holds. The control that had the focus keeps it, found again by its data-key.
export function refill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.flat().filter(Boolean));
  if (focused === undefined) return;
  for (const one of element.querySelectorAll("[data-key]")) {
    if (one.dataset.key === focused) one.focus({ preventScroll: true });
  }
}

// Fills an element with what `load` fetches, and again only when that has changed: selections survive.
export function shown(element, load, draw) {
  let before;
  let turn = 0;
  return async () => {
    const mine = ++turn;
    const found = await load();
    const text = JSON.stringify(found);
    if (mine !== turn || text === before) return;
    before = text;
    refill(element, draw(found));
  };
}

export function notice(text, failed = false) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.className = failed ? "failed" : "";
  clearTimeout(notice.timer);
  if (!failed) notice.timer = setTimeout(() => (place.textContent = ""), 6000);
}

export function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
