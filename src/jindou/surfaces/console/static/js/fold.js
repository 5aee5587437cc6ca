// A run as a fold over its events: what an island shows is this state and nothing else.
//
// It starts from the run as the page has it (its journal up to event `last_event`) and takes every event, also the
// earlier ones: those bring notices, which the journal does not hold, and change nothing else.

const FINAL = new Set(["done", "refused", "failed", "cancelled"]);

export function isFinal(status) {
  return FINAL.has(status);
}

export class RunState {
  constructor(run, approvals = []) {
    const { journal = [], last_event: seen = 0, ...rest } = run;
    this.run = rest;
    this.steps = new Map(journal.map((step) => [step.id, step]));
    this.approvals = new Map(approvals.map((approval) => [approval.id, approval]));
    this.notices = [];
    this.draft = null;
    this.seen = seen;
    this.cursor = null;
    this.stopping = false;
    // Text that was written before we came is not sent again: the draft then starts in the middle.
    this.joined = new Set(journal.filter((step) => step.status === "started").map((step) => step.id));
  }

  get final() {
    return isFinal(this.run.status);
  }

  get journal() {
    return [...this.steps.values()].sort((a, b) => a.n - b.n);
  }

  // The rules that said no: the run's own, else those of the steps it was refused.
  get refusals() {
    const rules = this.run.rules.length
      ? this.run.rules
      : this.journal.filter((step) => step.status === "refused").flatMap((step) => step.rules);
    return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
  }

  apply({ seq, type, at, data }) {
    if (data.step) this.cursor = data.step.id;
    if (type === "run.notice") this.note(seq, data);
    if (type === "run.control") this.note(seq, { code: `control.${data.verb}`, params: { name: data.by } });
    if (seq && seq <= this.seen) return;
    if (seq) this.seen = seq;
    FOLDS[type]?.(this, data, at);
  }

  note(seq, { code, params }) {
    if (!this.notices.some((notice) => notice.seq === seq)) {
      this.notices.push({ seq, code, params: params ?? {}, after: this.cursor });
    }
  }
}

const FOLDS = {
  "run.started": (state) => {
    state.run.status = "running";
  },
  "run.resumed": (state) => {
    state.run.status = "running";
  },
  "run.paused": (state) => {
    state.run.status = "paused";
    state.draft = null;
  },
  "run.control": (state, { verb }) => {
    if (verb === "retry") Object.assign(state.run, { status: "queued", answer: null, error: null, rules: [], finished_at: null });
  },
  "run.waiting": (state) => {
    state.run.status = "waiting";
  },
  "run.finished": (state, { run }) => {
    Object.assign(state.run, run);
    state.draft = null;
  },
  "step.started": (state, { step }) => {
    if (state.run.status === "queued") state.run.status = "running";
    if (state.draft && (state.draft.step !== step.id || state.draft.attempt < step.attempt)) state.draft = null;
    state.joined.delete(step.id);
    state.steps.set(step.id, step);
  },
  "step.finished": (state, { step, run_cost: cost }) => {
    state.steps.set(step.id, step);
    if (cost) state.run.cost = cost;
    state.run.steps = state.steps.size;
  },
  "step.late": (state, { step, run_cost: cost }) => {
    state.steps.set(step.id, step);
    state.run.cost = cost;
  },
  "text.delta": (state, { step_id: step, attempt, text }) => {
    const draft = state.draft;
    if (draft && draft.step === step && attempt < draft.attempt) return;
    if (!draft || draft.step !== step || attempt > draft.attempt) {
      state.draft = { step, attempt, text: state.joined.has(step) ? "… " : "" };
    }
    state.draft.text += text;
  },
  "approval.requested": (state, { approval, step }) => {
    state.approvals.set(approval.id, approval);
    if (step) state.steps.set(step.id, { ...step, approval_id: step.approval_id ?? approval.id });
  },
  "approval.decided": (state, decided, at) => {
    const approval = state.approvals.get(decided.approval_id);
    if (approval) {
      const { status, decided_by_name, decided_for_name, reason, votes, edited_by_name, changes } = decided;
      const decision = { status, decided_by_name, decided_for_name, decided_at: at, can_decide: false };
      // What was approved may not be what was asked: somebody changed it, or approved it as it was by then.
      Object.assign(decision, { reason: reason ?? "", votes: votes ?? [], edited_by_name, changes: changes ?? approval.changes });
      state.approvals.set(approval.id, { ...approval, ...decision });
    }
  },
};
