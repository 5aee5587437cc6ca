// <jindou-chart>: cost or tokens of each day, stacked, drawn from the table that stands inside it. Without scripts the
// table alone is there; with them it is one click away.
import { h, svg } from "../dom.js";
import { money } from "../formats.js";
import { Texts } from "../texts.js";

const HEIGHT = 220;
const EDGE = { top: 12, right: 8, bottom: 24, left: 56 };
const METRICS = ["cost", "tokens"];
const MICRO = 1_000_000;

class Chart extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.state);
    this.t = new Texts(given.language, given.texts);
    this.currency = given.currency;
    this.metric = "cost";
    this.read(this.querySelector("table"));
    this.at = this.days.length - 1;
    this.plot = h("div", this.plotRole());
    this.tip = h("div", { class: "chart-tip", hidden: true, "aria-hidden": "true" });
    this.frame = h("div", { class: "chart-frame" }, this.plot, this.tip);
    this.buttons = METRICS.map((metric) => this.button(metric));
    const choice = h("div", { class: "segments", role: "group", "aria-label": this.t.get("chart.metric") }, this.buttons);
    this.prepend(choice, this.frame, this.legend());
    this.listen();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
  }

  disconnectedCallback() {
    this.observer.disconnect();
  }

  // What the table says: the days, and of each series its name and its figures.
  read(table) {
    const rows = [...table.tBodies[0].rows];
    this.days = rows.map((row) => row.dataset.day);
    this.series = [...table.tHead.rows[0].cells].slice(1, -1).map((cell, n) => ({
      name: cell.textContent.trim(),
      cost: rows.map((row) => Number(row.cells[n + 1].dataset.cost)),
      tokens: rows.map((row) => Number(row.cells[n + 1].dataset.tokens)),
    }));
  }

  // A slider over the days: that is what arrow keys do in it, and what is read aloud at each.
  plotRole() {
    return {
      class: "chart-plot",
      role: "slider",
      tabindex: "0",
      "aria-label": this.t.get("chart.label"),
      "aria-valuemin": "1",
      "aria-valuemax": String(this.days.length),
      "data-test": "chart",
    };
  }

  button(metric) {
    const choose = () => {
      this.metric = metric;
      this.draw();
    };
    const text = this.t.get(metric === "cost" ? "chart.cost" : "chart.tokens");
    return h("button", { type: "button", "data-test": `chart-${metric}`, on: { click: choose } }, text);
  }

  legend() {
    const item = (series, n) => h("li", {}, h("i", { class: `swatch s${n}` }), series.name);
    return h("ul", { class: "chart-legend", "aria-hidden": "true" }, this.series.map(item));
  }

  listen() {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -7, PageUp: 7 };
    this.plot.addEventListener("keydown", (event) => {
      const ends = { Home: 0, End: this.days.length - 1 };
      const to = event.key in ends ? ends[event.key] : this.at + (steps[event.key] ?? NaN);
      if (Number.isNaN(to)) return;
      event.preventDefault();
      this.select(to);
    });
    this.plot.addEventListener("pointermove", (event) => this.select(this.dayUnder(event)));
    this.plot.addEventListener("pointerleave", () => this.unselect());
    this.plot.addEventListener("focus", () => this.select(this.at));
    this.plot.addEventListener("blur", () => this.unselect());
  }

  dayUnder(event) {
    const x = event.clientX - this.plot.getBoundingClientRect().left - EDGE.left;
    return Math.floor((x / this.width) * this.days.length);
  }

  select(day) {
    this.at = Math.min(Math.max(day, 0), this.days.length - 1);
    this.plot.setAttribute("aria-valuenow", String(this.at + 1));
    this.plot.setAttribute("aria-valuetext", this.told(this.at));
    for (const mark of this.plot.querySelectorAll(".day")) mark.classList.toggle("at", Number(mark.dataset.day) === this.at);
    this.showTip();
  }

  unselect() {
    if (document.activeElement === this.plot) return;
    this.tip.hidden = true;
    for (const mark of this.plot.querySelectorAll(".day.at")) mark.classList.remove("at");
  }

  showTip() {
    const day = this.at;
    const used = this.series.map((series, n) => ({ name: series.name, n, value: series[this.metric][day] })).filter((of) => of.value);
    const line = (of) => h("li", {}, h("i", { class: `swatch s${of.n}` }), h("span", {}, of.name), h("b", {}, this.written(of.value)));
    this.tip.replaceChildren(
      h("p", {}, this.dated(day, "long"), h("b", {}, this.written(this.sum(day)))),
      h("ul", {}, used.map(line)),
    );
    this.tip.hidden = false;
    const middle = EDGE.left + ((day + 0.5) / this.days.length) * this.width;
    const half = this.tip.offsetWidth / 2;
    const x = Math.min(Math.max(middle - half, 0), this.frame.clientWidth - 2 * half);
    this.tip.style.transform = `translateX(${Math.round(x)}px)`;
  }

  told(day) {
    const parts = this.series.filter((of) => of[this.metric][day]).map((of) => `${of.name} ${this.written(of[this.metric][day])}`);
    return [`${this.dated(day, "long")}: ${this.written(this.sum(day))}`, ...parts].join("; ");
  }

  sum(day) {
    return this.series.reduce((sum, series) => sum + series[this.metric][day], 0);
  }

  written(value) {
    if (this.metric === "cost") return money({ micro: value, currency: this.currency });
    return this.t.get("chart.n_tokens", { n: value.toLocaleString("en") });
  }

  dated(day, month = "short") {
    const at = new Date(`${this.days[day]}T00:00:00Z`);
    return new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month, timeZone: "UTC" }).format(at);
  }

  draw() {
    this.width = Math.max(this.frame.clientWidth - EDGE.left - EDGE.right, 60);
    for (const [n, button] of this.buttons.entries()) button.setAttribute("aria-pressed", String(METRICS[n] === this.metric));
    const most = Math.max(...this.days.map((_, day) => this.sum(day)), 0);
    const ticks = scale(this.metric === "cost" ? most / MICRO : most, this.metric === "tokens");
    const top = ticks[ticks.length - 1] * (this.metric === "cost" ? MICRO : 1);
    const size = { width: EDGE.left + this.width + EDGE.right, height: HEIGHT };
    const picture = svg("svg", { ...size, viewBox: `0 0 ${size.width} ${HEIGHT}`, "aria-hidden": "true" });
    picture.append(...this.grid(ticks), ...this.days.flatMap((_, day) => this.bar(day, top)), ...this.names());
    this.plot.replaceChildren(picture);
    this.plot.setAttribute("aria-valuenow", String(this.at + 1));
    this.plot.setAttribute("aria-valuetext", this.told(this.at));
    if (!this.tip.hidden) this.select(this.at);
  }

  grid(ticks) {
    const highest = ticks[ticks.length - 1];
    return ticks.flatMap((tick) => {
      const y = this.y(tick / highest);
      const line = svg("line", { x1: EDGE.left, x2: EDGE.left + this.width, y1: y, y2: y, class: "line" });
      return [line, svg("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, short(tick))];
    });
  }

  bar(day, top) {
    const step = this.width / this.days.length;
    const x = EDGE.left + day * step;
    const wide = Math.max(Math.min(step * 0.72, 44), 1);
    const marks = [svg("rect", { x, y: EDGE.top, width: step, height: HEIGHT - EDGE.top - EDGE.bottom, class: "day", "data-day": day })];
    let below = 0;
    for (const [n, series] of this.series.entries()) {
      const value = series[this.metric][day];
      if (!value) continue;
      const [from, to] = [this.y(below / top), this.y((below + value) / top)];
      marks.push(svg("rect", { x: x + (step - wide) / 2, y: to, width: wide, height: Math.max(from - to, 0.5), class: `s${n}` }));
      below += value;
    }
    return marks;
  }

  // As many dates as there is room for, the last one among them.
  names() {
    const every = Math.ceil(this.days.length / Math.max(Math.floor(this.width / 74), 1));
    const last = this.days.length - 1;
    const step = this.width / this.days.length;
    const shown = this.days.map((_, day) => day).filter((day) => (last - day) % every === 0);
    return shown.map((day) => {
      const x = Math.min(EDGE.left + (day + 0.5) * step, EDGE.left + this.width - 18);
      return svg("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, this.dated(day));
    });
  }

  y(share) {
    return HEIGHT - EDGE.bottom - share * (HEIGHT - EDGE.top - EDGE.bottom);
  }
}

// Five round figures from 0 up to at least `most`.
function scale(most, whole) {
  const raw = (most || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 2.5, 5, 10].find((of) => of * power >= raw * 0.999);
  const step = whole ? Math.max(Math.ceil(factor * power), 1) : factor * power;
  return [0, 1, 2, 3, 4].map((n) => n * step);
}

function short(value) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

customElements.define("jindou-chart", Chart);
