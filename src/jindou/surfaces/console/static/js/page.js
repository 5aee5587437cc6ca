// What every page does once it is there: times in the viewer's own zone, also in what htmx brings later.
import { localise } from "./times.js";

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.target));
// Relative times grow old on a page that stays open.
window.setInterval(() => localise(document), 60_000);

// On a phone the sections are a strip that scrolls; the one that is open has to be in sight.
document.querySelector(".sections [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
