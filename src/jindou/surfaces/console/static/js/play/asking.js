// Asking the models as the person who is signed in, with the session's cookie.
import { Problem } from "../api.js";

const PATH = "/api/completions";

// Asks, and has `answer` take all that comes; `told` is called each time. Aborting `signal` closes the connection, which
// is how the server learns that nobody listens any more.
export async function ask(answer, signal, told) {
  try {
    const response = await fetch(PATH, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
      body: JSON.stringify(answer.body),
      signal,
    });
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
    if (answer.body.stream) await read(response.body, answer, told);
    else answer.take(await response.json());
    answer.end("done");
  } catch (error) {
    if (signal.aborted) answer.end("stopped");
    else answer.end("failed", error);
  }
  told();
}

async function read(body, answer, told) {
  for await (const data of events(body)) {
    if (data === "[DONE]") return;
    const said = JSON.parse(data);
    if (said.error) throw new Problem(0, { ...said.error, detail: said.error.message });
    answer.take(said);
    told();
  }
  // A stream without its end was cut off on the way.
  throw new Problem(0, { code: "cut_off" });
}

export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    waiting += value;
    const whole = waiting.split("\n\n");
    waiting = whole.pop();
    for (const event of whole) {
      const data = event.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}
