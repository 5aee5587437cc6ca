// A model's markdown as elements. What comes out of the renderer is stripped to plain text formatting: no images (they
// would tell an address what was read), no forms, no styles, no scripts; links only to the web, and they tell nobody.
import { Marked } from "./../vendor/marked.esm.js";
import DOMPurify from "./../vendor/purify.es.mjs";

const marked = new Marked({ gfm: true, breaks: true, async: false });

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
