// What a request says besides its messages, from the fields at the side.

export class Settings {
  constructor(root) {
    const by = (name) => [...root.querySelectorAll(`[data-${name}]`)].map((element) => [element.dataset[name], element]);
    this.fields = Object.fromEntries(by("field"));
    this.errors = Object.fromEntries(by("error"));
    this.parts = Object.fromEntries(by("part"));
    root.addEventListener("input", () => this.show());
    this.show();
  }

  // Only what matters with the other fields as they are.
  show() {
    this.parts["schema-field"].hidden = this.fields.format.value !== "json_schema";
    this.parts["choice-field"].hidden = !this.fields.tools.value.trim();
  }

  fill(values) {
    for (const [name, field] of Object.entries(this.fields)) {
      if (field.type === "checkbox") field.checked = values[name] ?? true;
      else if (field.tagName === "SELECT") field.value = values[name] ?? field.options[0].value;
      else field.value = values[name] ?? "";
    }
    this.show();
  }

  get system() {
    return this.fields.system.value.trim();
  }

  // The fields of a request; null if one can't be read, which is then said beside it.
  read(t) {
    this.complain({});
    const troubles = {};
    const read = {};
    const put = (name, make) => {
      try {
        Object.assign(read, make(this.fields[name]));
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        troubles[name] = t.get(error.message);
      }
    };
    for (const name of ["temperature", "seed", "max_tokens"]) put(name, (field) => number(name, field));
    put("stop", stops);
    put("schema", (field) => format(this.fields.format.value, field));
    put("tools", (field) => tools(field, this.fields.choice.value));
    if (this.fields.stream.checked) Object.assign(read, { stream: true, stream_options: { include_usage: true } });
    this.complain(troubles);
    return Object.keys(troubles).length ? null : read;
  }

  complain(troubles) {
    for (const [name, place] of Object.entries(this.errors)) {
      const said = troubles[name] ?? "";
      place.textContent = said;
      place.hidden = !said;
      if (said) this.fields[name].setAttribute("aria-invalid", "true");
      else this.fields[name].removeAttribute("aria-invalid");
    }
    const first = Object.keys(troubles)[0];
    if (first) this.fields[first].focus();
  }
}

class Unreadable extends Error {}

function number(name, field) {
  const { badInput, rangeOverflow, rangeUnderflow, stepMismatch } = field.validity;
  const broken = stepMismatch && name !== "temperature";
  if (badInput || rangeOverflow || rangeUnderflow || broken) throw new Unreadable(`play.unreadable.${name}`);
  return field.value === "" ? {} : { [name]: Number(field.value) };
}

// One a line; `\n` stands for a line break, which can't be written here otherwise.
function stops(field) {
  const stop = field.value.split("\n").filter(Boolean).map((line) => line.replaceAll("\\n", "\n"));
  if (stop.length > 4) throw new Unreadable("play.unreadable.stop");
  return stop.length ? { stop } : {};
}

function format(kind, field) {
  if (kind === "text") return {};
  if (kind === "json_object") return { response_format: { type: kind } };
  const given = json(field, "play.unreadable.schema");
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw new Unreadable("play.unreadable.schema");
  const named = given.schema && given.name ? given : { name: "answer", schema: given };
  return { response_format: { type: kind, json_schema: { strict: true, ...named } } };
}

// Bare functions, or as OpenAI wraps them.
function tools(field, choice) {
  if (!field.value.trim()) return {};
  const given = json(field, "play.unreadable.tools");
  const list = Array.isArray(given) ? given : [given];
  const wrapped = list.map((tool) => (tool?.type === "function" ? tool : { type: "function", function: tool }));
  if (!list.length || wrapped.some((tool) => !tool.function?.name)) throw new Unreadable("play.unreadable.tools");
  return choice === "auto" ? { tools: wrapped } : { tools: wrapped, tool_choice: choice };
}

function json(field, trouble) {
  try {
    return JSON.parse(field.value);
  } catch {
    throw new Unreadable(trouble);
  }
}
