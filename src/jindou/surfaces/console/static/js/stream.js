// The events of a run, as they happen. The browser takes the stream up again by itself after a short break, from the
// last event it has; where it gives up (the server answered with an error), we start anew from the same place.

const TYPES = [
  "run.started",
  "run.resumed",
  "run.waiting",
  "run.control",
  "run.paused",
  "run.finished",
  "run.notice",
  "step.started",
  "step.finished",
  "step.late",
  "text.delta",
  "approval.requested",
  "approval.decided",
];
const LONGEST_PAUSE = 30_000;

export class Stream {
  constructor(runId, after, { onEvent, onLost, onFound }) {
    this.runId = runId;
    this.after = after;
    this.listeners = { onEvent, onLost, onFound };
    this.pause = 1_000;
    this.open();
  }

  open() {
    this.source = new EventSource(`/api/runs/${encodeURIComponent(this.runId)}/events?after=${this.after}`);
    this.source.addEventListener("open", () => {
      this.pause = 1_000;
      this.listeners.onFound?.();
    });
    this.source.addEventListener("error", () => this.lost());
    for (const type of TYPES) {
      this.source.addEventListener(type, (message) => this.take(JSON.parse(message.data)));
    }
  }

  take(event) {
    if (event.seq > this.after) this.after = event.seq;
    this.listeners.onEvent(event);
    if (event.type === "run.finished") this.close();
  }

  lost() {
    if (this.closed) return;
    this.listeners.onLost?.();
    if (this.source.readyState !== EventSource.CLOSED) return;
    this.timer = window.setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  close() {
    this.closed = true;
    window.clearTimeout(this.timer);
    this.source.close();
  }
}
