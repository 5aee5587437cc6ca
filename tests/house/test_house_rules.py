"""The house itself, held to its rules."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from house_tree import SmallTree

import house
import jindou
import licences
import settings_doc
from houserules import tenancy
from houserules.tree import Exceptions, Tree
from jindou.db import Base

ROOT = Path(__file__).resolve().parents[2]
MOST = {"door": 6, "size": 1, "tenancy": 1}
"""How many exceptions each rule has. A number here goes down, never up."""


def test_the_house_keeps_its_rules() -> None:
    assert [str(finding) for finding in house.findings(ROOT)] == []


def test_exceptions_only_shrink() -> None:
    assert Tree(ROOT).exceptions().counts() == MOST


def test_one_line_a_breach_and_an_exit_code(small: SmallTree) -> None:
    small.write({"docs/misc.md": ""})
    command = [sys.executable, str(ROOT / "tools/house.py"), str(small.root)]
    broken = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (broken.returncode, broken.stdout.splitlines()[-1]) == (1, "1 breaches of the rules of the house.")
    (small.root / "docs/misc.md").unlink()
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_house_rules_need_nothing_installed() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'tools')!r}); import house"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False).returncode == 0


def test_the_page_of_settings_is_up_to_date() -> None:
    assert settings_doc.PAGE.read_text(encoding="utf-8") == settings_doc.page()


def test_the_page_of_settings_has_every_setting_with_its_default() -> None:
    page = settings_doc.page()
    assert "| `port` | `JINDOU_PORT` | whole number, ≥ 1, ≤ 65535 | `8787` | Port of the console" in page
    assert "| `offline` | `JINDOU_OFFLINE` | `true` or `false` | `false` |" in page


def test_every_table_says_whose_its_rows_are() -> None:
    for module in pkgutil.walk_packages(jindou.__path__, "jindou."):
        if module.name.endswith(".tables"):
            importlib.import_module(module.name)
    columns = {name: list(table.columns.keys()) for name, table in Base.metadata.tables.items()}
    granted = Tree(ROOT).exceptions()
    assert [str(finding) for finding in tenancy.check(columns, granted)] == []
    assert [str(finding) for finding in granted.findings("tenancy")] == []


def test_a_table_without_an_organisation_is_found() -> None:
    granted = Exceptions('[[tenancy]]\nwhat = "organisation"\nreason = "It is the organisation."\n')
    tables = {"run": ["id", "org_id"], "invoice": ["id"], "organisation": ["id"]}
    assert [finding.message for finding in tenancy.check(tables, granted)] == [
        "Table `invoice` does not say whose its rows are: add `org_id`."
    ]


def test_every_licence_was_looked_at_and_notice_names_it() -> None:
    assert [part for part in (*licences.vendored(), *licences.parts()) if licences.unsettled(part)] == []
    assert licences.NOTICE.read_text(encoding="utf-8") == licences.notice()


@pytest.mark.parametrize(
    ("licence", "unsettled"),
    [
        ("MIT", False),
        ("MIT AND PSF-2.0", False),
        ("MPL-2.0 OR Apache-2.0", False),
        ("MIT AND GPL-3.0-only", True),
        ("LGPL-2.1-or-later", True),
        ("unknown", True),
    ],
)
def test_a_licence_that_asks_for_more_than_a_name_is_found(licence: str, *, unsettled: bool) -> None:
    assert licences.unsettled(licences.Part("x", "1", licence)) is unsettled
