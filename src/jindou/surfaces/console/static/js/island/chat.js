// <jindou-chat>: a conversation. What a person sends becomes a run; the run is followed until it ends.
import { explain, post } from "../api.js";
import { RunState } from "../fold.js";
import { RunView, tick } from "../run/view.js";
import { Stream } from "../stream.js";
import { Texts } from "../texts.js";

const NEAR = 120; // Pixels from the end within which a reader is taken to follow along.

class Chat extends HTMLElement {
  connectedCallback() {
    const given = JSON.parse(this.dataset.state);
    this.t = new Texts(given.language, given.texts);
    this.assistant = given.assistant;
    this.conversation = given.conversation;
    this.streams = new Set();
    this.live = new Map();
    this.parts = Object.fromEntries([...this.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.box = this.querySelector("textarea");
    this.listen();
    for (const { run, approvals } of given.runs) this.show(new RunState(run, approvals));
    this.toEnd();
    this.ready();
    this.timer = window.setInterval(() => tick(this), 200);
  }

  disconnectedCallback() {
    window.clearInterval(this.timer);
    for (const stream of this.streams) stream.close();
  }

  // Nothing can be typed before somebody listens. On a phone, focus would bring up the keyboard unasked.
  ready() {
    this.box.disabled = !this.assistant;
    this.parts.send.disabled = !this.assistant;
    if (window.matchMedia("(pointer: fine)").matches) this.box.focus({ preventScroll: true });
  }

  listen() {
    this.parts.composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.box.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses a character.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.box.addEventListener("input", () => this.switchButtons());
    this.parts.stop.addEventListener("click", () => this.stopLive());
    this.addEventListener("click", (event) => {
      const example = event.target.closest("[data-example]");
      if (example) this.fill(example.textContent.trim());
    });
    window.addEventListener("popstate", () => window.location.reload());
  }

  fill(text) {
    this.box.value = text;
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
  }

  async send() {
    const message = this.box.value.trim();
    if (!message || this.sending) return;
    this.sending = true;
    this.trouble("");
    try {
      const [busy] = this.working();
      if (busy) {
        await post(`/api/runs/${encodeURIComponent(busy.run.id)}/messages`, { message });
        this.box.value = "";
        this.switchButtons();
        return;
      }
      const body = { assistant: this.assistant, message };
      if (this.conversation) body.conversation_id = this.conversation;
      const run = await post("/api/runs", body);
      this.box.value = "";
      this.started(run);
    } catch (error) {
      this.trouble(explain(this.t, error));
    } finally {
      this.sending = false;
    }
  }

  started(run) {
    this.parts.welcome?.setAttribute("hidden", "");
    this.show(new RunState(run));
    this.toEnd();
    this.say(this.t.get("said.sent"));
    if (this.conversation !== run.conversation_id) {
      this.conversation = run.conversation_id;
      window.history.pushState({}, "", `/c/${run.conversation_id}`);
      this.entitle(run.message);
    }
    this.refreshHistory();
  }

  entitle(message) {
    const title = document.querySelector(".top h1");
    document.title = document.title.replace(title.textContent, () => message);
    title.textContent = message;
  }

  refreshHistory() {
    const address = `/c?current=${encodeURIComponent(this.conversation)}`;
    window.htmx?.ajax("GET", address, { target: "#history-list", swap: "innerHTML" });
  }

  show(state) {
    const view = new RunView(this.t, state, () => this.stop(state));
    this.parts.runs.append(view.element);
    if (!state.final) this.follow(state, view);
    this.switchButtons();
  }

  // From the first event, because notices are told nowhere else; the state knows what it has already.
  follow(state, view) {
    this.live.set(state, view);
    const stream = new Stream(state.run.id, 0, {
      onEvent: (event) => this.take(state, view, event),
      onLost: () => this.trouble(this.t.get("trouble.lost")),
      onFound: () => this.trouble(""),
    });
    this.streams.add(stream);
  }

  take(state, view, event) {
    const following = this.atEnd();
    state.apply(event);
    view.update();
    this.announce(state, event);
    if (state.final) this.live.delete(state);
    this.switchButtons();
    if (following) this.toEnd();
  }

  announce(state, event) {
    if (event.type === "step.finished") {
      const { title, status } = event.data.step;
      this.say(this.t.get("said.step", { title: this.t.pick(title), status: this.t.get(`step.${status}`) }));
    } else if (event.type === "run.waiting") {
      this.say(this.t.get("status.waiting"));
    } else if (event.type === "run.finished") {
      const { status, answer } = state.run;
      const rules = state.refusals.map((rule) => this.t.pick(rule.reason));
      this.say([this.t.get(`status.${status}`), ...rules, answer ?? ""].join(". "));
    }
  }

  working() {
    return [...this.live.keys()].filter((state) => ["queued", "running"].includes(state.run.status));
  }

  stopLive() {
    for (const state of this.working()) this.stop(state);
  }

  async stop(state) {
    state.stopping = true;
    this.live.get(state)?.update();
    this.switchButtons();
    try {
      await post(`/api/runs/${encodeURIComponent(state.run.id)}/cancel`);
    } catch (error) {
      state.stopping = false;
      this.live.get(state)?.update();
      this.switchButtons();
      this.trouble(explain(this.t, error));
    }
  }

  switchButtons() {
    const working = this.working();
    this.parts.stop.hidden = !working.length;
    this.parts.stop.disabled = working.every((state) => state.stopping);
    // What is typed while it works is told to the run.
    this.parts.send.hidden = working.length > 0 && !this.box.value.trim();
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

customElements.define("jindou-chat", Chat);
