// The sheet that shows a request as code, to be copied.
import { h } from "../dom.js";
import { curl, python } from "./code.js";

const KINDS = { python, curl };

export class Sheet {
  constructor(t, parts, address) {
    this.t = t;
    this.parts = parts;
    this.address = address;
    this.kind = "python";
    this.whose = 0;
    this.bodies = [];
    parts.close.addEventListener("click", () => parts.sheet.close());
    parts.copy.addEventListener("click", () => this.copy());
    parts.sheet.addEventListener("click", (event) => this.choose(event));
  }

  open(bodies) {
    this.bodies = bodies;
    this.whose = Math.min(this.whose, bodies.length - 1);
    const pick = ({ model }, at) => h("button", { type: "button", class: "mono", data: { whose: at } }, model);
    this.parts.whose.replaceChildren(...bodies.map(pick));
    this.parts.whose.hidden = bodies.length < 2;
    this.show();
    this.parts.sheet.showModal();
  }

  choose({ target }) {
    if (target === this.parts.sheet) this.parts.sheet.close(); // Beside the sheet, on what lies behind.
    const { kind, whose } = target.dataset;
    if (kind) this.kind = kind;
    if (whose) this.whose = Number(whose);
    this.show();
  }

  show() {
    this.parts.snippet.textContent = KINDS[this.kind](this.bodies[this.whose], this.address);
    this.parts.copy.textContent = this.t.get("copy");
    for (const button of this.parts.sheet.querySelectorAll("[data-kind], [data-whose]")) {
      const { kind, whose } = button.dataset;
      button.setAttribute("aria-pressed", String(kind ? kind === this.kind : Number(whose) === this.whose));
    }
  }

  async copy() {
    await navigator.clipboard.writeText(this.parts.snippet.textContent);
    this.parts.copy.textContent = this.t.get("play.copied");
  }
}
