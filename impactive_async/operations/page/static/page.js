// Keeps the page up to date. A section is touched only if it has changed, so that a press of a button is not lost.
const lost = document.getElementById("lost");
const parsed = document.createElement("template");
const source = new EventSource("live");

source.onmessage = (event) => {
  lost.hidden = true;
  parsed.innerHTML = event.data;
  const focused = document.activeElement?.id;
  for (const fresh of parsed.content.children) {
    const shown = document.getElementById(fresh.id);
    if (shown && shown.innerHTML !== fresh.innerHTML) {
      shown.innerHTML = fresh.innerHTML;
      shown.hidden = fresh.hidden;
    }
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
};

source.onerror = () => { lost.hidden = false; };
