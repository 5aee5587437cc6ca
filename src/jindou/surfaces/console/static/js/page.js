// What every page does once it is there: times in the viewer's own zone, also in what htmx brings later.
import { localise } from "./times.js";

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.target));
// Relative times grow old on a page that stays open.
window.setInterval(() => localise(document), 60_000);
