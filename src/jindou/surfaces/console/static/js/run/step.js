// One step of a run: a line that opens to everything about it.
import { h, icon } from "../dom.js";
import { money, seconds, span, took, tokens } from "../formats.js";

const ICONS = {
  waiting: "clock",
  interrupted: "clock",
  superseded: "cross",
  done: "check",
  failed: "alert",
  refused: "shield",
  denied: "shield",
  expired: "clock",
  cancelled: "cross",
};

export function statusIcon(t, status) {
  const sign = status === "started" ? h("span", { class: "spin" }) : icon(ICONS[status] ?? "info");
  return h("span", { class: "sign" }, sign, h("span", { class: "unseen" }, t.get(`step.${status}`)));
}

// How long the step itself took: not the hours that somebody had it on their desk.
export function worked(step, approval) {
  const waited = approval?.decided_at ? seconds(approval.created_at, approval.decided_at) : 0;
  return Math.max(0, seconds(step.started_at, step.finished_at) - waited);
}

export function stepLine(t, step, approval) {
  if (step.kind === "message") return toldLine(step);
  const summary = h(
    "summary",
    {},
    statusIcon(t, step.status),
    h("span", { class: "what" }, h("span", { class: "title" }, t.pick(step.title)), subject(t, step)),
    attempt(t, step),
    effect(t, step),
    h("span", { class: "meta" }, clock(step, approval), step.finished_at ? ` · ${money(step.cost)}` : ""),
    icon("down", "turn"),
  );
  const data = { test: "step", status: step.status, kind: step.kind, name: step.name };
  return h("li", { class: "step", data }, h("details", {}, summary, stepBody(t, step)));
}

// What a person said to the run while it worked.
export function toldLine(step) {
  const data = { test: "told", kind: step.kind };
  return h("li", { class: "step told", id: step.id, data }, icon("chat"), h("strong", {}, step.by), h("span", {}, step.text));
}

export function clock(step, approval) {
  if (step.finished_at) return span(worked(step, approval));
  if (step.status !== "started") return "";
  return h("span", { class: "tick", data: { since: step.started_at } }, took(step.started_at));
}

export function attempt(t, step) {
  return step.attempt > 1 ? h("span", { class: "tag" }, t.get("attempt", { n: step.attempt })) : null;
}

// What became of a call that the run did not wait for: "stopped" alone would say that nothing was changed.
export function effect(t, step) {
  return step.took_effect ? h("span", { class: "tag", data: { test: "effect" } }, t.get(`took_effect.${step.took_effect}`)) : null;
}

// The few words that say what a call is about: `SO-10007`, not the whole of its arguments.
export function subject(t, step) {
  const title = t.pick(step.title);
  const values = Object.values(step.arguments ?? {})
    .filter((value) => ["string", "number"].includes(typeof value) && String(value).length <= 28)
    .sort((a, b) => weight(a) - weight(b))
    .map(String)
    .filter((value) => value && !title.includes(value))
    .slice(0, 2);
  return values.length ? h("span", { class: "subject" }, values.join(" · ")) : null;
}

// Names first (`SO-10007`), then numbers, then what is already a phrase.
function weight(value) {
  if (typeof value === "number") return 1;
  return value.includes(" ") ? 2 : 0;
}

export function stepBody(t, step) {
  const used = step.quantities.input_tokens + step.quantities.cached_tokens + step.quantities.output_tokens;
  return h(
    "div",
    { class: "body" },
    h("p", { class: "mono faint" }, `${step.n}. ${step.name} · ${t.get(`step.${step.status}`)}`),
    block(t.get("arguments"), step.arguments),
    block(t.get("result"), step.result),
    step.text ? block(t.get("text"), step.text) : null,
    step.error ? block(t.get("error"), step.error) : null,
    step.took_effect ? h("p", {}, t.get(`took_effect.${step.took_effect}`)) : null,
    step.copied_from ? h("p", { class: "faint" }, t.get("copied")) : null,
    step.rules.length ? section(t.get("rules"), ruleList(t, step.rules)) : null,
    used ? section(t.get("tokens"), h("p", { class: "number" }, tokens(t, step.quantities))) : null,
  );
}

export function ruleList(t, rules) {
  const line = (rule) => h("li", {}, h("code", {}, rule.id), h("span", {}, t.pick(rule.reason)));
  return h("ul", { class: "rules" }, rules.map(line));
}

function block(label, value) {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return section(label, h("pre", { tabindex: "0" }, h("code", {}, text)));
}

function section(label, content) {
  return h("section", {}, h("h4", {}, label), content);
}
