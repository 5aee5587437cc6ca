// One answer as a fold over what comes in: what is shown of it is this state and nothing else.

export class Answer {
  constructor(model, body, now = performance.now()) {
    this.model = model;
    this.body = body;
    this.status = "waiting"; // then writing, and at last done, stopped or failed
    this.text = "";
    this.reasoning = "";
    this.calls = [];
    this.finish = "";
    this.usage = null;
    this.error = null;
    this.started = now;
    this.first = null;
    this.ended = null;
  }

  get isOver() {
    return this.ended !== null;
  }

  get isEmpty() {
    return !this.text && !this.reasoning && !this.calls.length;
  }

  // A chunk of a stream, or a whole answer, in OpenAI's shape.
  take(said, now = performance.now()) {
    if (said.usage) this.usage = said.usage;
    const [choice] = said.choices ?? [];
    if (!choice) return;
    if (choice.delta) this.add(choice.delta, now);
    else if (choice.message) this.add(choice.message, null);
    if (choice.finish_reason) this.finish = choice.finish_reason;
  }

  add({ content, reasoning_content: reasoning, tool_calls: calls }, now) {
    this.text += content ?? "";
    this.reasoning += reasoning ?? "";
    for (const [at, piece] of (calls ?? []).entries()) this.addCall(piece.index ?? at, piece);
    if (this.isEmpty) return;
    this.status = "writing";
    this.first ??= now;
  }

  addCall(at, piece) {
    this.calls[at] ??= { id: "", name: "", arguments: "", result: "" };
    const call = this.calls[at];
    call.id ||= piece.id ?? "";
    call.name ||= piece.function?.name ?? "";
    call.arguments += piece.function?.arguments ?? "";
  }

  end(status, error = null, now = performance.now()) {
    this.status = status;
    this.error = error;
    this.ended = now;
  }

  // Seconds until the first piece was here; null where the answer came as a whole.
  get toFirst() {
    return this.first === null ? null : (this.first - this.started) / 1000;
  }

  get seconds() {
    return (this.ended - this.started) / 1000;
  }

  // Tokens a second from the first piece on: the first one was there by then.
  get speed() {
    const made = this.usage?.completion_tokens ?? 0;
    const seconds = this.first === null ? this.seconds : (this.ended - this.first) / 1000;
    const counted = this.first === null ? made : made - 1;
    return this.isOver && counted > 0 && seconds > 0 ? counted / seconds : null;
  }

  // What the next request of the same side has to say of this one; nothing if nothing came of it.
  messages() {
    if (this.status === "failed" || (!this.text && !this.calls.length)) return [];
    const said = { role: "assistant", content: this.text || null };
    if (!this.calls.length) return [said];
    const made = this.calls.map(({ id, name, arguments: given }) => ({ id, type: "function", function: { name, arguments: given } }));
    const results = this.calls.map(({ id, result }) => ({ role: "tool", tool_call_id: id, content: result }));
    return [{ ...said, tool_calls: made }, ...results];
  }
}
