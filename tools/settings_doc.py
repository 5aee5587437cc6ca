"""Write `docs/settings.md` from the settings themselves: `python tools/settings_doc.py --write`.

Without `--write` it says whether the page is up to date, by exit code.
"""

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from jindou.settings import Settings

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

<!-- Written by `python tools/settings_doc.py --write`; change `src/jindou/settings.py` instead. -->

A setting comes from the environment (`JINDOU_PORT=9000`), else from `jindou.toml` in the home folder (`port = 9000`),
else it has the value below. The home itself comes from the environment or from `--home`.

| setting | variable | kind | value | what it is |
|---|---|---|---|---|
"""
LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def page() -> str:
    """Return the page as it should be."""
    return HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    prefix = Settings.model_config.get("env_prefix", "")
    given: object = field.get_default(call_default_factory=True, validated_data={})
    default = str(given).lower() if isinstance(given, bool) else given
    value = f"`{default}`" if default not in (None, "", {}, SecretStr("")) else "—"
    cells = (f"`{name}`", f"`{prefix}{name.upper()}`", _kind(field), value, field.description or "")
    return f"| {' | '.join(cells)} |\n"


def _kind(field: FieldInfo) -> str:
    limits = [
        f"{sign} {getattr(rule, word)}"
        for rule in field.metadata
        for word, sign in LIMITS.items()
        if hasattr(rule, word)
    ]
    return ", ".join([_annotation(field.annotation), *limits])


def _annotation(annotation: object) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is UnionType or isinstance(annotation, UnionType):
        return " or ".join(_annotation(part) for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is dict:
        return "text by name"
    words = {
        str: "text",
        SecretStr: "text, kept from logs",
        int: "whole number",
        float: "number",
        bool: "`true` or `false`",
        Path: "path",
    }
    return words[annotation] if isinstance(annotation, type) and annotation in words else str(annotation)


def main() -> int:
    """Write the page, or say whether it is up to date."""
    if "--write" in sys.argv[1:]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
        print("docs/settings.md is not up to date: run `python tools/settings_doc.py --write`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
