// The texts of an island, in the viewer's language, as the page gave them.

export class Texts {
  constructor(language, words) {
    this.language = language;
    this.words = words;
  }

  get(key, values = {}) {
    const text = this.words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  }

  has(key) {
    return key in this.words;
  }

  count(key, n) {
    return this.get(`${key}.${n === 1 ? "one" : "other"}`, { n: n.toLocaleString("en") });
  }

  pick(localized) {
    return localized?.[this.language] || localized?.en || Object.values(localized ?? {})[0] || "";
  }
}
