// Money and spans of time, written as the pages write them.
import { h } from "./dom.js";

const MICRO = 1_000_000;

function parts(amount) {
  const micro = Math.abs(amount.micro);
  const digits = String(micro % MICRO).padStart(6, "0");
  const kept = Math.max(digits.replace(/0+$/, "").length, 2);
  const whole = `${amount.micro < 0 ? "-" : ""}${Math.floor(micro / MICRO).toLocaleString("en")}`;
  return { whole, shown: digits.slice(0, kept), rest: digits.slice(kept) };
}

export function money(amount) {
  const { whole, shown } = parts(amount);
  return `${whole}.${shown} ${amount.currency}`;
}

// All six decimals, so that a column lines up; those that say nothing stand back.
export function exactMoney(amount) {
  const { whole, shown, rest } = parts(amount);
  const unit = h("span", { class: "unit" }, amount.currency);
  return h("span", { class: "money" }, `${whole}.${shown}`, h("span", { class: "faint" }, rest), " ", unit);
}

export function span(seconds) {
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (hours) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

export function seconds(start, end) {
  return ((end ? Date.parse(end) : Date.now()) - Date.parse(start)) / 1000;
}

export function took(start, end) {
  return span(seconds(start, end));
}

export function tokens(t, quantities) {
  return t.get("tokens_of", {
    input: quantities.input_tokens.toLocaleString("en"),
    cached: quantities.cached_tokens.toLocaleString("en"),
    output: quantities.output_tokens.toLocaleString("en"),
  });
}
