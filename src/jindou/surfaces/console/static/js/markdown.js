// A model's markdown as elements. Markup that it writes is shown as the text it is; what comes out of the renderer is then
// stripped to plain formatting: no images (they would tell an address what was read), no forms, no styles, no scripts;
// links only to the web, and they tell nobody.
import { Marked } from "../vendor/marked.esm.js";
import DOMPurify from "../vendor/purify.es.mjs";

const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

const marked = new Marked({
  gfm: true,
  breaks: true,
  async: false,
  renderer: { html: ({ text }) => text.replace(/[&<>]/g, (sign) => SIGNS[sign]) },
});

const STRICT = {
  ALLOWED_TAGS: [
    ..."p br hr strong em del code pre blockquote ul ol li a table thead tbody tr th td".split(" "),
    ..."h1 h2 h3 h4 h5 h6".split(" "),
  ],
  ALLOWED_ATTR: ["href", "start"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/(?![/\\]))/i,
  RETURN_DOM_FRAGMENT: true,
};

export function rendered(text) {
  const fragment = DOMPurify.sanitize(marked.parse(text), STRICT);
  for (const link of fragment.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  return fragment;
}
