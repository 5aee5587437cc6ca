// What a person can do to a run: pause, resume, stop, tell it something, retry, branch, and ask why it is where it is.
import { explain, get, post } from "../api.js";
import { h, icon } from "../dom.js";
import { money } from "../formats.js";

const UNDER_WAY = new Set(["queued", "running", "waiting"]);

export class Controls {
  constructor(t, state, own) {
    this.t = t;
    this.state = state;
    this.own = own;
    this.buttons = h("div", { class: "buttons" });
    this.told = h("p", { class: "note", role: "status", hidden: true, data: { test: "explanation" } });
    this.trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    this.element = h(
      "section",
      { class: "controls", "aria-label": t.get("controls") },
      this.buttons,
      own ? this.messageForm() : null,
      own ? this.branchForm() : null,
      this.told,
      this.trouble,
    );
    this.path = `/api/runs/${encodeURIComponent(state.run.id)}`;
  }

  update() {
    const { run, final, stopping, steps } = this.state;
    const stamp = `${run.status} ${stopping} ${this.unknown()}`;
    this.branch?.setAttribute("max", String(steps.size));
    if (this.stamp === stamp) return;
    this.stamp = stamp;
    const shown = [this.button("why", "info", () => this.why())];
    if (this.own && UNDER_WAY.has(run.status)) shown.push(this.button("pause", "clock", () => this.send("pause")));
    if (this.own && run.status === "paused") shown.push(this.button("resume", "check", () => this.send("resume")));
    if (this.own && !final) shown.push(this.button(stopping ? "stopping" : "stop", "stop", () => this.stop(), stopping));
    if (this.own && run.status === "failed") shown.push(this.retryButton());
    this.buttons.replaceChildren(...shown);
    if (this.message) this.message.hidden = final;
  }

  button(key, sign, act, disabled = false) {
    const data = { test: key };
    return h("button", { class: "button", type: "button", disabled, data, on: { click: act } }, icon(sign), this.t.get(key));
  }

  // Whether something may have taken effect that nobody knows of: then a person has to have looked.
  unknown() {
    return this.state.journal.some((step) => step.took_effect === "unknown");
  }

  retryButton() {
    const unknown = this.unknown();
    return this.button(unknown ? "retry_looked" : "retry", "history", () => this.send("retry", { confirm: unknown }, true));
  }

  stop() {
    this.state.stopping = true;
    this.update();
    return this.send("cancel");
  }

  async send(verb, body, follow = false) {
    this.fail("");
    try {
      await post(`${this.path}/${verb}`, body);
      // The stream of a run that was over has ended: the page follows it anew.
      if (follow) window.location.reload();
    } catch (error) {
      this.state.stopping = false;
      this.update();
      this.fail(explain(this.t, error));
    }
  }

  async why() {
    try {
      const told = await get(`${this.path}/explanation`);
      this.told.textContent = `${this.t.pick(told.why)} ${this.t.pick(told.next)}`;
      this.told.hidden = false;
    } catch (error) {
      this.fail(explain(this.t, error));
    }
  }

  messageForm() {
    const box = h("input", { id: "tell", name: "message", autocomplete: "off", required: true, data: { test: "tell" } });
    const submit = async (event) => {
      event.preventDefault();
      await this.send("messages", { message: box.value.trim() });
      box.value = "";
    };
    this.message = h(
      "form",
      { class: "inline", on: { submit } },
      h("label", { for: "tell" }, this.t.get("tell")),
      box,
      h("button", { class: "button", type: "submit" }, this.t.get("tell.send")),
    );
    return this.message;
  }

  branchForm() {
    this.branch = h("input", { id: "branch-step", type: "number", min: "0", value: "0", required: true });
    const box = h("input", { id: "branch-message", autocomplete: "off" });
    const submit = async (event) => {
      event.preventDefault();
      this.fail("");
      try {
        const message = box.value.trim();
        const run = await post(`${this.path}/branches`, { step: Number(this.branch.value), message: message || null });
        window.location.assign(`/runs/${encodeURIComponent(run.id)}`);
      } catch (error) {
        this.fail(explain(this.t, error));
      }
    };
    return h(
      "details",
      {},
      h("summary", {}, this.t.get("branch")),
      h(
        "form",
        { class: "inline", on: { submit }, data: { test: "branch" } },
        h("label", { for: "branch-step" }, this.t.get("branch.step")),
        this.branch,
        h("label", { for: "branch-message" }, this.t.get("branch.message")),
        box,
        h("button", { class: "button", type: "submit" }, this.t.get("branch.send")),
      ),
    );
  }

  fail(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = !text;
  }
}

// How much of each limit is used, as far as there is one: `3 / 8`.
export function limitsOf(t, { run, journal }) {
  const counted = journal.filter((step) => ["model", "tool", "compaction"].includes(step.kind) && step.status !== "superseded");
  const used = { steps: counted.length, cost: run.cost.micro };
  return (run.limits ?? [])
    .filter((limit) => limit.most !== null)
    .map(({ kind, used: then, most }) => {
      const now = used[kind] ?? then;
      const shown = (n) => (kind === "cost" ? money({ micro: n, currency: run.cost.currency }) : n.toLocaleString("en"));
      return [`limit.${kind}`, h("span", { class: "number", data: { limit: kind } }, `${shown(now)} / ${shown(most)}`)];
    });
}
