// <jindou-timeline>: everything a run did, in order, with its time, tokens and money; live while it goes on.
import { h, icon, reconcile, svg } from "../dom.js";
import { RunState } from "../fold.js";
import { exactMoney, took } from "../formats.js";
import { rendered } from "../markdown.js";
import { approvalCard, failureCard, noticeLine, refusalCard } from "../run/cards.js";
import { Controls, limitsOf } from "../run/controls.js";
import { attempt, clock, effect, statusIcon, stepBody, subject, toldLine, worked } from "../run/step.js";
import { tick } from "../run/view.js";
import { Stream } from "../stream.js";
import { Texts } from "../texts.js";
import { timeElement } from "../times.js";

class Timeline extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.state);
    this.t = new Texts(given.language, given.texts);
    this.own = given.own;
    this.assistant = given.assistant;
    this.state = new RunState(given.run, given.approvals);
    this.facts = h("section", { class: "card facts-card" });
    this.steps = h("ol", { class: "track" });
    this.end = h("div", { class: "end" });
    this.said = h("p", { class: "unseen", role: "status" });
    this.controls = new Controls(this.t, this.state, this.own);
    this.replaceChildren(this.facts, this.controls.element, this.columns(), this.steps, this.end, this.said);
    this.update();
    this.openTarget();
    this.stream = new Stream(this.state.run.id, 0, { onEvent: (event) => this.take(event) });
    this.timer = window.setInterval(() => tick(this), 200);
  }

  disconnectedCallback() {
    window.clearInterval(this.timer);
    this.stream.close();
  }

  take(event) {
    this.state.apply(event);
    if (this.asked) return;
    // Many events may come at once; they are drawn together.
    this.asked = window.requestAnimationFrame(() => {
      this.asked = 0;
      this.update();
    });
  }

  update() {
    const stamp = JSON.stringify([this.state.run, this.state.steps.size, this.state.stopping]);
    if (this.facts.dataset.stamp !== stamp) {
      this.facts.dataset.stamp = stamp;
      this.facts.replaceChildren(...this.factsOf(this.state.run));
      this.end.replaceChildren(...this.endOf(this.state));
      this.said.textContent = this.t.get(`status.${this.state.run.status}`);
    }
    this.controls.update();
    reconcile(this.steps, this.items());
  }

  factsOf(run) {
    const fact = (key, ...value) => h("div", {}, h("dt", {}, this.t.get(`facts.${key}`)), h("dd", {}, value));
    const status = h("span", { class: "pill", data: { status: run.status } }, this.t.get(`status.${run.status}`));
    const since = run.finished_at ? took(run.created_at, run.finished_at) : clock({ status: "started", started_at: run.created_at });
    return [
      h("header", {}, status, run.branched_from ? this.origin(run) : null),
      h("blockquote", {}, run.message),
      h(
        "dl",
        { class: "facts" },
        fact("person", run.person_name),
        fact("assistant", this.assistant),
        fact("started", timeElement(run.created_at, "exact")),
        fact("took", since),
        fact("cost", h("span", { data: { test: "run-cost" } }, exactMoney(run.cost))),
        fact("tokens", this.tokensOfAll()),
        ...limitsOf(this.t, this.state).map(([key, shown]) => fact(key, shown)),
        this.own ? fact("conversation", h("a", { href: `/c/${run.conversation_id}#${run.id}` }, this.t.get("facts.open"))) : null,
      ),
    ];
  }

  origin(run) {
    const link = h("a", { href: `/runs/${run.branched_from}` }, run.branched_from.slice(-8));
    return h("span", { class: "meta" }, this.t.get("branched", { n: run.branched_step }), " ", link);
  }

  tokensOfAll() {
    const all = { input_tokens: 0, cached_tokens: 0, output_tokens: 0 };
    for (const { quantities } of this.state.journal) {
      for (const unit of Object.keys(all)) all[unit] += quantities[unit];
    }
    return tokenCells(all);
  }

  columns() {
    const name = (key, kind = "") => h("span", { class: kind }, this.t.get(`column.${key}`));
    return h(
      "div",
      { class: "columns", "aria-hidden": "true" },
      name("step"),
      name("time", "number"),
      name("tokens", "number"),
      name("cost", "number"),
    );
  }

  items() {
    const { journal, notices, approvals } = this.state;
    const lengths = journal.filter((step) => step.finished_at).map((step) => worked(step, approvals.get(step.approval_id)));
    const longest = Math.max(0.1, ...lengths);
    const told = (after) =>
      notices
        .filter((notice) => notice.after === after)
        .map((notice) => ({ key: `notice-${notice.seq}`, stamp: "", make: () => noticeLine(this.t, notice) }));
    const items = told(null);
    for (const step of journal) {
      const approval = approvals.get(step.approval_id);
      const make = () => this.row(step, approval, longest);
      items.push({ key: step.id, stamp: `${longest} ${JSON.stringify(step)}`, make });
      items.push(...told(step.id));
      if (approval) items.push({ key: approval.id, stamp: JSON.stringify(approval), make: () => approvalCard(this.t, approval, null) });
    }
    return items;
  }

  row(step, approval, longest) {
    if (step.kind === "message") return toldLine(step);
    const summary = h(
      "summary",
      {},
      statusIcon(this.t, step.status),
      h(
        "span",
        { class: "what" },
        icon(step.kind, "kind"),
        h("span", { class: "title" }, this.t.pick(step.title)),
        subject(this.t, step),
        attempt(this.t, step),
        effect(this.t, step),
      ),
      h("span", { class: "time number" }, bar(step, approval, longest), h("span", {}, clock(step, approval))),
      h("span", { class: "tokens number" }, ["model", "compaction"].includes(step.kind) ? tokenCells(step.quantities) : ""),
      h("span", { class: "cost number" }, exactMoney(step.cost)),
      icon("down", "turn"),
    );
    const data = { test: "step", status: step.status, kind: step.kind, name: step.name };
    return h("li", { class: "step row", id: step.id, data }, h("details", {}, summary, stepBody(this.t, step)));
  }

  endOf({ run, refusals, final }) {
    const parts = [];
    if (refusals.length && final) parts.push(refusalCard(this.t, refusals));
    if (run.status === "failed") parts.push(failureCard(this.t, run.error));
    if (final && run.answer) {
      const answer = h("div", { class: "answer prose", data: { test: "answer" } }, rendered(run.answer));
      parts.push(h("section", { class: "card" }, h("h2", { class: "section" }, this.t.get("answer")), answer));
    }
    return parts;
  }

  // A bill's row or an audit event links to one step of the run.
  openTarget() {
    const step = window.location.hash && this.querySelector(`[id="${CSS.escape(window.location.hash.slice(1))}"]`);
    if (!step) return;
    step.querySelector("details").open = true;
    step.scrollIntoView({ block: "center" });
  }
}

function tokenCells({ input_tokens: input, cached_tokens: cached, output_tokens: output }) {
  const cell = (n, kind) => h("span", { class: n ? kind : `${kind} faint` }, n.toLocaleString("en"));
  return h("span", { class: "triple" }, cell(input, ""), h("i", {}, "/"), cell(cached, ""), h("i", {}, "/"), cell(output, ""));
}

function bar(step, approval, longest) {
  const part = step.finished_at ? worked(step, approval) / longest : 0;
  const length = Math.max(2, Math.min(100, part * 100)).toFixed(1);
  const rect = svg("rect", { width: length, height: 4, rx: 0 });
  return svg("svg", { class: "bar", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" }, rect);
}

customElements.define("jindou-timeline", Timeline);
