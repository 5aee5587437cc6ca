// <jindou-playground>: one model asked, or two side by side. The turns are here only; nobody keeps them.
import { h } from "../dom.js";
import { Answer } from "../play/answer.js";
import { ask } from "../play/asking.js";
import { example } from "../play/examples.js";
import { Settings } from "../play/settings.js";
import { Sheet } from "../play/sheet.js";
import { AnswerView } from "../play/view.js";
import { Texts } from "../texts.js";

const NEAR = 120; // Pixels from the end within which a reader is taken to follow along.

class Playground extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.state);
    this.t = new Texts(given.language, given.texts);
    this.parts = Object.fromEntries([...this.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.picks = [...this.querySelectorAll("[data-pick]")];
    this.selects = this.picks.map((pick) => pick.querySelector("select"));
    this.settings = new Settings(this);
    this.sheet = new Sheet(this.t, this.parts, `${window.location.origin}/v1`);
    this.turns = []; // Of each: what was asked, and the answer of each side that was there
    this.running = new Map();
    this.listen();
    if (given.models.length) this.ready();
  }

  disconnectedCallback() {
    this.stop();
  }

  ready() {
    for (const part of [...this.selects, this.parts.box, this.parts.compare, this.parts.code]) part.disabled = false;
    this.showSides();
    this.show();
    if (window.matchMedia("(pointer: fine)").matches) this.parts.box.focus({ preventScroll: true });
  }

  listen() {
    const { composer, stop, clear, code, compare, alone } = this.parts;
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-example]");
      if (chosen) this.fill(example(this.t, chosen.dataset.example));
    });
    this.addEventListener("input", () => this.show());
    stop.addEventListener("click", () => this.stop());
    clear.addEventListener("click", () => this.clear());
    code.addEventListener("click", () => this.showCode());
    compare.addEventListener("click", () => this.compare(true));
    alone.addEventListener("click", () => this.compare(false));
  }

  get sides() {
    return this.picks.filter((pick) => !pick.hidden).map((pick) => Number(pick.dataset.pick));
  }

  get message() {
    return this.parts.box.value.trim();
  }

  // Results of calls are enough to go on with.
  get hasResults() {
    const answers = this.turns.at(-1)?.answers ?? [];
    return answers.some((answer) => answer?.status === "done" && answer.calls.some((call) => call.result));
  }

  fill({ ask: text, ...values }) {
    this.settings.fill(values);
    this.parts.box.value = text;
    this.parts.box.focus();
    this.show();
  }

  compare(both) {
    this.picks[1].hidden = !both;
    const [first, second] = this.selects;
    if (both && second.value === first.value) {
      second.selectedIndex = (first.selectedIndex + 1) % first.options.length;
    }
    this.showSides();
    (both ? second : this.parts.compare).focus();
  }

  showSides() {
    const both = this.sides.length > 1;
    this.dataset.sides = this.sides.length;
    this.parts.compare.hidden = both;
  }

  // The request that a side would send, or has sent last if there is nothing new to say.
  bodyOf(side, settings, text) {
    const messages = this.settings.system ? [{ role: "system", content: this.settings.system }] : [];
    for (const { asked, answers } of this.turns) {
      const said = answers[side]?.messages() ?? [];
      if (!said.length) continue;
      if (asked) messages.push({ role: "user", content: asked });
      messages.push(...said);
    }
    if (text) messages.push({ role: "user", content: text });
    return { model: this.selects[side].value, messages, ...settings };
  }

  send() {
    if (this.running.size || (!this.message && !this.hasResults)) return;
    const settings = this.settings.read(this.t);
    this.trouble(settings ? "" : this.t.get("play.unreadable"));
    if (!settings) return;
    const asked = this.message;
    const bodies = this.sides.map((side) => [side, this.bodyOf(side, settings, asked)]);
    const turn = { asked, answers: [] };
    const columns = h("div", { class: "answers" });
    for (const [side, body] of bodies) {
      turn.answers[side] = new Answer(body.model, body);
      columns.append(this.run(turn.answers[side]).element);
    }
    const bubble = asked ? h("div", { class: "ask" }, h("span", { class: "unseen" }, this.t.get("you")), h("p", {}, asked)) : null;
    this.turns.push(turn);
    this.parts.turns.append(h("section", { class: "turn", data: { test: "turn" } }, bubble, columns));
    this.parts.welcome.hidden = true;
    this.parts.box.value = "";
    this.say(this.t.get("said.sent"));
    this.show();
    this.toEnd();
  }

  run(answer) {
    const stopping = new AbortController();
    const view = new AnswerView(this.t, answer, () => stopping.abort());
    this.running.set(answer, stopping);
    ask(answer, stopping.signal, () => this.changed(answer, view));
    return view;
  }

  changed(answer, view) {
    const following = this.atEnd();
    if (answer.isOver) this.over(answer);
    view.update();
    if (following) window.requestAnimationFrame(() => this.toEnd());
  }

  over(answer) {
    this.running.delete(answer);
    const { model, status, text, calls } = answer;
    const called = calls.map((call) => call.name).join(", ");
    this.say([this.t.get(`play.said.${status}`, { model }), text, called].filter(Boolean).join(". "));
    // What none of the models could begin to answer can be sent again.
    const last = this.turns.at(-1);
    if (last?.answers.every((each) => each.status === "failed" && each.isEmpty)) this.parts.box.value ||= last.asked;
    this.show();
  }

  stop() {
    for (const stopping of this.running.values()) stopping.abort();
  }

  clear() {
    this.stop();
    this.turns = [];
    this.parts.turns.replaceChildren();
    this.parts.welcome.hidden = false;
    this.say(this.t.get("play.said.cleared"));
    this.show();
    this.parts.box.focus();
  }

  showCode() {
    const settings = this.settings.read(this.t);
    this.trouble(settings ? "" : this.t.get("play.unreadable"));
    if (!settings) return;
    const text = this.message || (this.hasResults ? "" : this.t.get("play.code_ask"));
    const sent = (side) => (this.message || this.hasResults ? null : this.turns.at(-1)?.answers[side]?.body);
    this.sheet.open(this.sides.map((side) => sent(side) ?? this.bodyOf(side, settings, text)));
  }

  show() {
    const { send, stop, clear } = this.parts;
    const busy = this.running.size > 0;
    stop.hidden = !busy;
    send.hidden = busy;
    send.disabled = !this.message && !this.hasResults;
    clear.disabled = !this.turns.length;
  }

  trouble(text) {
    this.parts.trouble.textContent = text;
    this.parts.trouble.hidden = !text;
  }

  say(text) {
    this.parts.said.textContent = text;
  }

  atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.parts.flow;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  toEnd() {
    this.parts.flow.scrollTop = this.parts.flow.scrollHeight;
  }
}

customElements.define("jindou-playground", Playground);
