// On a phone, code.css shows each row of a table of five columns or more as a card: its cells need their heads.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.docutils")) {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
    if (heads.length < 5) continue;
    table.classList.add("wide");
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => cell.setAttribute("data-head", heads[column]));
    }
  }
});
