// Building elements without markup in strings: what a model or a person wrote can never become an element.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      for (const [key, datum] of Object.entries(value)) if (datum !== null) element.dataset[key] = datum;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  const shown = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...shown.map(inOrder));
  return element;
}

// As `in_order` of the pages: in a text nothing is shown in another order than it stands.
function inOrder(child) {
  return typeof child === "string" ? child.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd") : child;
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export function icon(name, kind = "") {
  return svg("svg", { class: `icon ${kind}`, "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

// Brings `parent` to hold exactly `items`, each {key, stamp, make}: an element is made anew only when its stamp changed,
// and one that was open stays open.
export function reconcile(parent, items) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const { key, stamp, make } of items) {
    let element = old.get(key);
    if (!element || element.dataset.stamp !== stamp) {
      const made = make();
      made.dataset.key = key;
      made.dataset.stamp = stamp;
      if (element) {
        keepOpen(element, made);
        if (place === element) place = made;
        element.replaceWith(made);
      }
      element = made;
    }
    old.delete(key);
    if (place === element) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of old.values()) gone.remove();
}

function keepOpen(before, after) {
  const from = before.querySelector("details");
  const to = after.querySelector("details");
  if (from && to) to.open = from.open;
  if (before.contains(document.activeElement)) after.querySelector("summary, a, button")?.focus();
}
