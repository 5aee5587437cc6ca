// What stands out in a run: a call that waits, a refusal, a failure, a notice.
import { h, icon } from "../dom.js";
import { money } from "../formats.js";
import { timeElement } from "../times.js";
import { ruleList } from "./step.js";

export function approvalCard(t, approval, withdraw) {
  const waits = approval.status === "waiting";
  const data = { test: "approval-card", status: approval.status };
  return h(
    "li",
    { class: "card slip approval", data },
    h(
      "header",
      {},
      icon(waits ? "clock" : approval.status === "approved" ? "check" : "shield"),
      h("strong", {}, t.get(`approval.${approval.status}`, { name: deciders(t, approval) })),
      h("span", { class: "meta" }, waits ? deadline(approval) : ""),
    ),
    approval.changes.length ? diff(t, approval.changes) : null,
    waits && approval.rules.length ? ruleList(t, approval.rules) : null,
    approval.edited_by_name ? h("p", {}, t.get("approval.edited", { name: approval.edited_by_name })) : null,
    approval.reason ? h("blockquote", {}, approval.reason) : null,
    waits ? foot(t, approval, withdraw) : null,
  );
}

// Who said yes, or no, and for whom.
function deciders(t, approval) {
  const votes = approval.status === "approved" ? approval.votes : [];
  const named = (name, owner) => (owner ? `${name} (${t.get("approval.for", { name: owner })})` : name);
  const yes = votes.map((vote) => named(vote.person_name, vote.right_of === vote.person_id ? null : vote.right_of_name));
  return yes.join(", ") || named(approval.decided_by_name ?? "", approval.decided_for_name);
}

function deadline(approval) {
  return timeElement(approval.expires_at, "deadline");
}

function foot(t, approval, withdraw) {
  const decides = approval.can_decide;
  return h(
    "footer",
    {},
    h("p", {}, t.get(decides ? "approval.you" : "approval.who")),
    h("a", { class: decides ? "button primary" : "button", href: `/approvals/${approval.id}` }, t.get(decides ? "approval.decide" : "approval.open")),
    withdraw && !decides ? h("button", { class: "button", type: "button", on: { click: withdraw } }, t.get("withdraw")) : null,
    h("span", { class: "meta number" }, money(approval.cost)),
  );
}

export function diff(t, changes) {
  const row = (change) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, t.pick(change.label)),
      h("td", { class: change.before ? "before" : "before empty" }, h("del", {}, change.before || "–")),
      h("td", { class: "after" }, h("ins", {}, change.after || "–")),
    );
  const heads = ["what", "before", "after"].map((name) => h("th", { scope: "col" }, t.get(`approval.${name}`)));
  return h(
    "table",
    { class: "diff" },
    h("caption", { class: "unseen" }, t.get("approval.changes")),
    h("thead", { class: "unseen" }, h("tr", {}, heads)),
    h("tbody", {}, changes.map(row)),
  );
}

export function refusalCard(t, rules) {
  return h(
    "div",
    { class: "card slip refusal", role: "note", data: { test: "refusal" } },
    h("header", {}, icon("shield"), h("strong", {}, t.get("refused"))),
    ruleList(t, rules),
  );
}

export function failureCard(t, error) {
  const known = `failure.${error}`;
  return h(
    "div",
    { class: "card slip failure", role: "note", data: { test: "failure" } },
    h("header", {}, icon("alert"), h("strong", {}, t.get("failed"))),
    error ? h("p", {}, t.has(known) ? t.get(known) : error) : null,
  );
}

export function noticeLine(t, { code, params }) {
  const key = `notice.${code}`;
  const text = t.has(key) ? t.get(key, params) : code;
  return h("li", { class: "notice", data: { test: "notice", code } }, icon("info"), h("span", {}, text));
}
