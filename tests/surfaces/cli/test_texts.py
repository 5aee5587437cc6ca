import json
import string
from pathlib import Path
from typing import get_args

import jindou.surfaces.cli
from jindou.models.gateway import NoticeCode
from jindou.surfaces.cli.texts import TEXTS
from jindou_client.types import ApprovalStatus, RunStatus, StepStatus

OF_A_KIND = {"status", "notice", "failure", "control", "took_effect", "limit", "origin", "undo", "now", "stands"}
"""Texts that are asked for by a kind which the server names."""


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, texts in TEXTS.items():
        assert texts.keys() == {"en", "zh"}, key
        assert names(texts["en"]) == names(texts["zh"]), key


def test_every_status_and_every_notice_has_a_text() -> None:
    for status in {*get_args(RunStatus), *get_args(StepStatus), *get_args(ApprovalStatus)}:
        assert f"status.{status}" in TEXTS
    for code in get_args(NoticeCode):
        assert f"notice.{code}" in TEXTS


def test_every_failure_that_the_console_has_words_for_has_a_text() -> None:
    folder = Path(jindou.surfaces.__file__ or "").parent / "console" / "texts"
    named = [key for key in json.loads((folder / "en.json").read_text()) if key.startswith("live.failure.")]
    assert named
    assert [key for key in named if key.removeprefix("live.") not in TEXTS] == []


def test_every_text_is_used() -> None:
    folder = Path(jindou.surfaces.cli.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "texts.py")
    unused = [key for key in TEXTS if key not in source and key.split(".")[0] not in OF_A_KIND]
    assert unused == []
