import json
import re
import string
from pathlib import Path
from typing import get_args

import jindou.surfaces.cli
from jindou.identity.accounts.passwords import LEAST, MOST
from jindou.models.catalogue import Fit, Model
from jindou.models.gateway.types import NoticeCode
from jindou.surfaces.cli.complaints import ERRORS, KINDS
from jindou.surfaces.cli.texts import TEXTS
from jindou.surfaces.cli.vocabulary import COLUMNS, VALUES
from jindou.surfaces.problems import PROBLEMS
from jindou_client.budget_types import BudgetScope
from jindou_client.decision_types import Verb
from jindou_client.deployment_types import EngineView
from jindou_client.key_types import KeyScope, KeyStatus
from jindou_client.secret_types import SecretOwner, SecretStatus
from jindou_client.session_types import Method, Place
from jindou_client.types import ApprovalStatus, RunStatus, StepStatus

FOLDER = Path(jindou.surfaces.cli.__file__).parent


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def source() -> str:
    told = {"texts.py", "vocabulary.py"}
    return "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py") if path.name not in told)


def words_of_the_server() -> set[str]:
    """What a table shows that the server names."""
    fields = [Fit.model_fields["verdict"], EngineView.model_fields["state"]]
    fields += [Model.model_fields[name] for name in ("kind", "state")]
    kinds = [KeyStatus, KeyScope, BudgetScope, SecretOwner, SecretStatus, Verb, *(field.annotation for field in fields)]
    return {word.replace("_", " ") for kind in kinds for word in get_args(kind)}


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, texts in TEXTS.items():
        assert texts.keys() == {"en", "zh"}, key
        assert names(texts["en"]) == names(texts["zh"]), key


def test_every_status_and_every_notice_has_a_text() -> None:
    for status in {*get_args(RunStatus), *get_args(StepStatus), *get_args(ApprovalStatus)}:
        assert f"status.{status}" in TEXTS
    for code in get_args(NoticeCode):
        assert f"notice.{code}" in TEXTS
    assert {f"method.{method}" for method in get_args(Method)} <= TEXTS.keys()
    assert {f"place.{place}" for place in get_args(Place)} <= TEXTS.keys()


def test_every_failure_that_the_console_has_words_for_has_a_text() -> None:
    folder = Path(jindou.surfaces.__file__ or "").parent / "console" / "texts"
    named = [key for key in json.loads((folder / "en.json").read_text()) if key.startswith("live.failure.")]
    assert named
    assert [key for key in named if key.removeprefix("live.") not in TEXTS] == []


def test_every_text_is_used() -> None:
    # Those of a kind are asked for by what the server names: f"status.{status}".
    kinds = tuple(f"{kind}." for kind in re.findall(r"""f["']([a-z_.]+)\.\{""", source()))
    assert [key for key in TEXTS if key not in source() and not key.startswith(kinds)] == []


def test_every_column_has_a_heading_in_both_languages() -> None:
    told = re.findall(r"\.columns\(([^)]*)\)", source())
    asked = {name for columns in told for name in re.findall(r'"([^"]*)"', columns)}
    assert asked - COLUMNS.keys() == set()


def test_every_word_in_a_table_is_there_in_both_languages_and_used() -> None:
    shown = words_of_the_server()
    assert shown - VALUES.keys() == set()
    assert [word for word in COLUMNS if f'"{word}"' not in source()] == []
    assert [word for word in VALUES.keys() - shown if f'"{word}"' not in source()] == []


def test_every_error_that_has_words_is_one_that_there_is() -> None:
    whole = Path(jindou.surfaces.__file__ or "").parent.parent
    codes = set(re.findall(r'code = "(\w+)"', "".join(path.read_text() for path in whole.rglob("*.py"))))
    codes |= set(re.findall(r'Misused\(\s*"(\w+)"', source()))
    assert ERRORS.keys() - codes == set()
    assert KINDS.keys() == {kind.__name__ for kind in PROBLEMS} - {"JindouError"}


def test_every_way_of_misusing_a_command_has_words() -> None:
    assert set(re.findall(r'Misused\(\s*"(\w+)"', source())) - ERRORS.keys() == set()


def test_what_stands_in_the_way_of_an_approval_or_of_a_run_has_words() -> None:
    rooms = Path(jindou.surfaces.__file__ or "").parent.parent / "agents"
    paths = [path for room in ("approvals", "runs") for path in (rooms / room).glob("*.py")]
    codes = set(re.findall(r'code = "(\w+)"', "".join(path.read_text() for path in paths)))
    # A link is no command's, and the others are for the worker.
    assert codes - ERRORS.keys() == {"approval_link_invalid", "approval_link_used", "limit_passed", "run_gone"}


def test_a_weak_password_is_told_every_rule_that_it_may_have_broken() -> None:
    told = ERRORS["password_weak"]
    assert f"{LEAST}–{MOST} 个字符" in told
    for cause in ("文本", "重复", "常见词"):
        assert cause in told


def test_nobody_is_told_to_wait_or_to_sign_in_where_that_alone_does_not_help() -> None:
    assert "等待无济于事" in ERRORS["rate_limited"]
    assert "/account/proof" in ERRORS["sign_in_stale"]
