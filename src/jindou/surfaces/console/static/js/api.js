// The JSON API, from the same origin, with the session's cookie.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || String(status));
    this.status = status;
    this.body = body;
  }
}

export function get(path) {
  return send(path, { headers: { Accept: "application/json" } });
}

export function post(path, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return send(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
}

async function send(path, options) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

// What to tell a person when a call failed.
export function explain(t, error) {
  if (!(error instanceof Problem)) return t.get("trouble.offline");
  if (error.status === 401) return t.get("trouble.signed_out");
  if (error.status === 413) return t.get("trouble.too_large");
  if (t.has(`trouble.${error.body.code}`)) return t.get(`trouble.${error.body.code}`);
  const reasons = (error.body.rules ?? []).map((rule) => (typeof rule === "string" ? rule : t.pick(rule.reason)));
  return [error.message, ...reasons].filter(Boolean).join(" · ");
}
