// What every page does once it is there: times in the viewer's own zone, also in what htmx brings later.
import { localise } from "./times.js";

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.target));
// Relative times grow old on a page that stays open.
window.setInterval(() => localise(document), 60_000);

// One box ticks or unticks every row of its table, and shows whether all are; without scripts it is not there.
for (const all of document.querySelectorAll("[data-tick-all]")) {
  const rows = [...all.closest("table").querySelectorAll("tbody input[type=checkbox]")];
  const show = () => {
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
  };
  all.hidden = false;
  all.addEventListener("change", () => rows.forEach((row) => (row.checked = all.checked)));
  rows.forEach((row) => row.addEventListener("change", show));
  show();
}

// On a phone the sections are a strip that scrolls; the one that is open has to be in sight.
document.querySelector(".sections [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
