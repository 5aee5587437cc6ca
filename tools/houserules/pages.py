"""Pages: what the console sends to a browser can be trusted, and read in both languages."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import cast

from houserules.tree import Exceptions, Finding, Tree

__all__ = ["check"]

CONSOLE = "src/jindou/surfaces/console"
HASHES = "hashes.toml"
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
ASKED = re.compile(r"""\bt(?:\.(count|get))?\(\s*["']([\w.]+)["']\s*([~+]?)""")
MARKUP = (".html", ".jinja", ".j2")
TEXTS = f"{CONSOLE}/texts"
LANGUAGES = ("en.json", "zh.json")


def check(tree: Tree, exceptions: Exceptions) -> Iterator[Finding]:  # noqa: ARG001 - nothing here may be excepted
    """Yield vendored files that changed, markup that a strict CSP refuses, and texts missing in one language."""
    yield from _vendored(tree)
    for path in tree.under("src", suffix=MARKUP):
        yield from _markup(path, tree.text(path))
    yield from _texts(tree)
    yield from _asked(tree)


def _vendored(tree: Tree) -> Iterator[Finding]:
    for table in (path for path in tree.paths if path.endswith(f"/vendor/{HASHES}")):
        folder = table.removesuffix(HASHES)
        pinned: dict[str, dict[str, str]] = tomllib.loads(tree.text(table))
        present = {path.removeprefix(folder) for path in tree.paths if path.startswith(folder)} - {HASHES}
        for name in sorted(present ^ pinned.keys()):
            yield Finding(table, 1, "vendor", f"`{name}` must be both here and in the folder, or in neither.")
        for name in sorted(present & pinned.keys()):
            yield from _vendored_file(tree, folder + name, pinned[name])


def _vendored_file(tree: Tree, path: str, pinned: dict[str, str]) -> Iterator[Finding]:
    missing = {"package", "version", "licence", "sha256"} - pinned.keys()
    if missing:
        yield Finding(path, 1, "vendor", f"Its entry in {HASHES} says no {', '.join(sorted(missing))}.")
    if hashlib.sha256((tree.root / path).read_bytes()).hexdigest() != pinned.get("sha256"):
        yield Finding(path, 1, "vendor", f"These are not the bytes pinned in {HASHES}.")


def _markup(path: str, text: str) -> Iterator[Finding]:
    reader = _Reader()
    reader.feed(JINJA.sub(lambda match: "x" + "\n" * match[0].count("\n"), text))
    for line, what in reader.breaches:
        yield Finding(path, line, "csp", f"{what} is refused by the content security policy; use a file.")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.breaches: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style":
            self._breach("An inline style sheet")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self._breach("An inline script")
        for name, value in attrs:
            if name == "style":
                self._breach("A `style` attribute")
            if name.startswith(("on", "hx-on", "data-hx-on")):
                self._breach(f"A script in `{name}`")
            if (value or "").strip().lower().startswith("javascript:"):
                self._breach(f"A script in `{name}`")

    def _breach(self, what: str) -> None:
        self.breaches.append((self.getpos()[0], what))


def _texts(tree: Tree) -> Iterator[Finding]:
    folders = {path.rpartition("/")[0] for path in tree.under("src", suffix=LANGUAGES)}
    for folder in sorted(folders):
        texts = {name: _keys(tree, f"{folder}/{name}") for name in LANGUAGES}
        keys = sorted({key for known in texts.values() for key in known})
        for name, known in texts.items():
            for key in keys:
                if not known.get(key, "").strip():
                    yield Finding(f"{folder}/{name}", 1, "texts", f"No text for `{key}`.")


def _asked(tree: Tree) -> Iterator[Finding]:
    """Yield the texts that a page or an island asks for and nobody wrote; of a composed key, the start must exist."""
    known = _keys(tree, f"{TEXTS}/en.json")
    for path in tree.under(CONSOLE, suffix=(*MARKUP, ".js")):
        prefix = "live." if path.endswith(".js") else ""
        for number, line in enumerate(tree.text(path).splitlines(), start=1):
            for verb, key, composed in ASKED.findall(line):
                for wanted in (f"{prefix}{key}{form}" for form in ((".one", ".other") if verb == "count" else ("",))):
                    if not (any(text.startswith(wanted) for text in known) if composed else wanted in known):
                        yield Finding(path, number, "texts", f"No text for `{wanted}`.")


def _keys(tree: Tree, path: str) -> dict[str, str]:
    return dict(_flat(json.loads(tree.text(path)), "")) if tree.has(path) else {}


def _flat(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            yield from _flat(inner, f"{key}.{name}" if key else name)
    else:
        yield key, str(value)
