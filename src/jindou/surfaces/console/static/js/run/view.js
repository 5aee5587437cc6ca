// A run in a conversation: what was asked, every step as it happens, the answer, the cost.
import { h, icon, reconcile } from "../dom.js";
import { money, span, seconds, took } from "../formats.js";
import { rendered } from "../markdown.js";
import { approvalCard, failureCard, noticeLine, refusalCard } from "./cards.js";
import { stepLine } from "./step.js";

export class RunView {
  constructor(t, state, cancel) {
    this.t = t;
    this.state = state;
    this.cancel = cancel;
    this.steps = h("ol", { class: "steps" });
    this.pulse = h("p", { class: "pulse", hidden: true });
    this.cards = h("div", { class: "cards" });
    this.draft = h("div", { class: "answer prose draft", hidden: true });
    this.answer = h("div", { class: "answer prose", hidden: true });
    this.sum = h("footer", { class: "sum" });
    const parts = [this.steps, this.pulse, this.cards, this.draft, this.answer, this.sum];
    this.element = h(
      "article",
      { class: "run", id: state.run.id, data: { run: state.run.id } },
      h("div", { class: "ask" }, h("span", { class: "unseen" }, t.get("you")), h("p", {}, state.run.message)),
      h("div", { class: "act" }, parts),
    );
    this.update();
  }

  update() {
    const { run, final } = this.state;
    this.element.dataset.status = run.status;
    this.element.setAttribute("aria-busy", String(!final && run.status !== "waiting"));
    reconcile(this.steps, runItems(this.t, this.state, this.cancel));
    this.showPulse();
    this.showCards();
    this.showDraft();
    this.showAnswer();
    this.showSum();
  }

  // Says that something goes on where no step says it.
  showPulse() {
    const { run, journal, final, stopping, draft } = this.state;
    const busy = journal.some((step) => step.status === "started");
    const shown = stopping || (!final && !["waiting", "paused"].includes(run.status) && !busy && !draft);
    this.pulse.hidden = !shown || final;
    if (this.pulse.hidden) return;
    const words = stopping ? "stopping" : run.status === "queued" ? "queued" : "thinking";
    this.pulse.replaceChildren(h("span", { class: "spin" }), this.t.get(words));
  }

  showCards() {
    const { run, refusals, final } = this.state;
    const cards = [];
    if (refusals.length && (final || run.rules.length)) cards.push(refusalCard(this.t, refusals));
    if (run.status === "failed") cards.push(failureCard(this.t, run.error));
    if (run.status === "paused") cards.push(h("p", { class: "notice" }, icon("clock"), this.t.get("paused")));
    if (run.status === "cancelled") cards.push(h("p", { class: "notice" }, icon("stop"), this.t.get("stopped")));
    if (run.status === "done" && !run.answer) cards.push(h("p", { class: "notice" }, icon("info"), this.t.get("no_answer")));
    const stamp = `${run.status} ${refusals.map((rule) => rule.id).join()}`;
    if (this.cards.dataset.stamp === stamp) return;
    this.cards.dataset.stamp = stamp;
    this.cards.replaceChildren(...cards);
  }

  showDraft() {
    const draft = this.state.draft;
    this.draft.hidden = !draft;
    if (!draft || this.asked) return;
    // One drawing a frame is enough, however fast the words come.
    this.asked = window.requestAnimationFrame(() => {
      this.asked = 0;
      if (this.state.draft) this.draft.replaceChildren(rendered(this.state.draft.text));
    });
  }

  showAnswer() {
    const { answer } = this.state.run;
    if (!this.state.final || !answer || !this.answer.hidden) return;
    this.answer.dataset.test = "answer";
    this.answer.replaceChildren(rendered(answer));
    this.answer.hidden = false;
  }

  showSum() {
    const { run, steps, final } = this.state;
    const time = final ? took(run.created_at, run.finished_at) : "";
    this.sum.replaceChildren(
      h("span", { class: "number", data: { test: "run-cost" } }, money(run.cost)),
      h("span", {}, this.t.count("steps", steps.size || run.steps)),
      ...(time ? [h("span", { class: "number" }, time)] : []),
      h("a", { href: `/runs/${run.id}` }, this.t.get("timeline")),
    );
  }
}

// The steps in order, each followed by what it led to.
function runItems(t, state, cancel) {
  const items = noticesAfter(t, state, null);
  for (const step of state.journal) {
    const approval = state.approvals.get(step.approval_id);
    items.push({ key: step.id, stamp: JSON.stringify(step), make: () => stepLine(t, step, approval) });
    items.push(...noticesAfter(t, state, step.id));
    if (approval) {
      const withdraw = state.final ? null : cancel;
      const stamp = `${JSON.stringify(approval)}${state.final}`;
      items.push({ key: approval.id, stamp, make: () => approvalCard(t, approval, withdraw) });
    }
  }
  return items;
}

function noticesAfter(t, state, step) {
  return state.notices
    .filter((notice) => notice.after === step)
    .map((notice) => ({ key: `notice-${notice.seq}`, stamp: "", make: () => noticeLine(t, notice) }));
}

// Lets the clocks of what is under way run.
export function tick(root) {
  for (const element of root.querySelectorAll(".tick")) {
    element.textContent = span(seconds(element.dataset.since));
  }
}
