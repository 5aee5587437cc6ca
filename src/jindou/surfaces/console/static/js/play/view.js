// One answer, drawn: its thoughts, its words, its calls, and what it took.
import { Problem } from "../api.js";
import { h, icon } from "../dom.js";
import { money, span } from "../formats.js";
import { rendered } from "../markdown.js";

export class AnswerView {
  constructor(t, answer, stop) {
    this.t = t;
    this.answer = answer;
    this.sign = h("span", { class: "sign" }, h("span", { class: "spin" }));
    this.stop = h(
      "button",
      { class: "icon-button", type: "button", "aria-label": t.get("play.stop", { model: answer.model }), title: t.get("stop"), on: { click: stop } },
      icon("stop"),
    );
    this.thoughts = h("pre", {});
    this.reasoning = h("details", { class: "more", hidden: true }, h("summary", {}, icon("next"), t.get("play.reasoning")), this.thoughts);
    this.words = h("div", { class: "words", hidden: true, data: { test: "words" } });
    this.calls = h("ul", { class: "calls", hidden: true });
    this.trouble = h("div", { class: "told", role: "note", hidden: true, data: { test: "failed" } });
    this.figures = h("dl", { class: "figures", hidden: true, data: { test: "figures" } });
    const head = h("header", {}, h("h3", { class: "mono" }, answer.model), this.sign, this.stop);
    this.element = h(
      "article",
      { class: "card answer-card", data: { test: "answer", model: answer.model } },
      [head, this.reasoning, this.words, this.calls, this.trouble, this.figures],
    );
    this.update();
  }

  update() {
    const { answer } = this;
    this.element.dataset.status = answer.status;
    this.element.dataset.finish = answer.finish;
    this.element.setAttribute("aria-busy", String(!answer.isOver));
    this.sign.hidden = answer.isOver;
    this.stop.hidden = answer.isOver;
    this.reasoning.hidden = !answer.reasoning;
    this.showWords();
    this.showCalls();
    if (answer.isOver) this.showEnd();
  }

  // One drawing a frame is enough, however fast the words come.
  showWords() {
    this.words.hidden = !this.answer.text;
    this.asked ||= window.requestAnimationFrame(() => {
      this.asked = 0;
      this.thoughts.textContent = this.answer.reasoning;
      this.words.replaceChildren(this.isJson ? h("pre", {}, h("code", {}, this.answer.text)) : prose(this.answer.text));
    });
  }

  get isJson() {
    return Boolean(this.answer.body.response_format);
  }

  showCalls() {
    const { calls, isOver } = this.answer;
    this.calls.hidden = !calls.length;
    for (const [at, call] of calls.entries()) {
      if (!this.calls.children[at]) this.calls.append(this.call(call, at));
      const shown = this.calls.children[at];
      shown.querySelector("strong").textContent = call.name;
      shown.querySelector("pre").textContent = isOver ? pretty(call.arguments) : call.arguments;
      shown.querySelector(".field").hidden = this.answer.status !== "done";
    }
  }

  // What the function gave back goes to the model with the next message.
  call(call, at) {
    const id = `result-${this.answer.started}-${at}-${this.answer.model}`.replaceAll(/[^\w-]/g, "_");
    const write = (event) => {
      call.result = event.target.value;
    };
    return h(
      "li",
      { data: { test: "call" } },
      h("header", {}, icon("tool"), h("strong", { class: "mono" }, call.name)),
      h("pre", { tabindex: "0" }, call.arguments),
      h(
        "div",
        { class: "field", hidden: true },
        h("label", { for: id }, this.t.get("play.result")),
        h("textarea", { id, rows: "1", class: "mono", spellcheck: "false", data: { test: "result" }, on: { input: write } }),
      ),
    );
  }

  showEnd() {
    const { answer } = this;
    if (answer.status === "failed") {
      this.trouble.hidden = false;
      this.trouble.replaceChildren(icon("alert"), h("div", {}, told(this.t, answer.error)));
    }
    this.figures.hidden = answer.status === "failed";
    this.figures.replaceChildren(...figures(this.t, answer).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }
}

function prose(text) {
  return h("div", { class: "prose" }, rendered(text));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function figures(t, answer) {
  const { usage, toFirst, speed } = answer;
  const ended = answer.status === "stopped" ? "stopped" : answer.finish;
  const shown = [[t.get("play.ended"), t.has(`play.ended.${ended}`) ? t.get(`play.ended.${ended}`) : ended]];
  if (usage) {
    const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
    const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0;
    shown.push([t.get("play.input"), count(usage.prompt_tokens - cached)], [t.get("play.cached"), count(cached)]);
    shown.push([t.get("play.output"), count(usage.completion_tokens - reasoning)]);
    if (reasoning) shown.push([t.get("play.thought"), count(reasoning)]);
  }
  if (usage?.cost) shown.push([t.get("facts.cost"), money(usage.cost)]);
  if (toFirst !== null) shown.push([t.get("play.first"), span2(toFirst)]);
  shown.push([t.get("facts.took"), span2(answer.seconds)]);
  if (speed !== null) shown.push([t.get("play.speed"), t.get("play.a_second", { n: speed.toFixed(speed < 9.95 ? 1 : 0) })]);
  return shown;
}

function count(n) {
  return n.toLocaleString("en");
}

function span2(seconds) {
  return seconds < 0.995 ? `${Math.round(seconds * 1000)} ms` : span(seconds);
}

// What went wrong: in the viewer's language what it means, and the platform's own words, which name rule and limit.
function told(t, error) {
  const lines = (title, text) => [h("strong", {}, title), text ? h("p", { lang: "en" }, text) : null];
  if (!(error instanceof Problem)) return lines(t.get("play.failed.offline"));
  const { status, body } = error;
  if (status === 401) return lines(t.get("play.failed.signed_out"));
  if (t.has(`play.failed.${body.code}`)) return lines(t.get(`play.failed.${body.code}`), body.detail);
  return lines(t.has(`play.failed.${status}`) ? t.get(`play.failed.${status}`) : t.get("failed"), body.detail);
}
