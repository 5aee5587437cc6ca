"""An assistant is what its folder says, and a folder that says it wrong is refused by name."""

from pathlib import Path

import pytest

from jindou.agents.assistants import Assistants
from jindou.errors import Invalid, NotFound

GOOD = "slug: desk\ntitle: {en: Desk, zh: 台}\ndescription: {en: D, zh: 述}\ntools: [look]\n"


def folder(path: Path, definition: str, instructions: str = "Be kind.\n") -> Path:
    path.mkdir(exist_ok=True)
    (path / "assistant.yaml").write_text(definition, encoding="utf-8")
    (path / "instructions.md").write_text(instructions, encoding="utf-8")
    return path


def test_an_assistant_is_read_from_its_folder(tmp_path: Path) -> None:
    assistants = Assistants([("shop", folder(tmp_path / "desk", GOOD + "limits: {steps: 8}\n"))])
    desk = assistants.get("desk")
    assert (desk.pack, desk.title["zh"], desk.tools, desk.instructions) == ("shop", "台", ["look"], "Be kind.")
    assert (desk.limits.steps, desk.limits.effects) == (8, None)
    assert assistants.list_assistants() == [desk]
    with pytest.raises(NotFound, match="there are: desk"):
        assistants.get("other")


def test_a_version_changes_with_every_file_that_changes_what_it_does(tmp_path: Path) -> None:
    definitions = [(GOOD, "Be kind."), (GOOD, "Be quick."), (GOOD + "examples: []\n", "Be kind.")]
    versions = [
        Assistants([("shop", folder(tmp_path / "desk", *files))]).get("desk").version
        for files in (*definitions, definitions[0])
    ]
    assert len(set(versions)) == 3
    assert versions[0] == versions[3]


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ("slug: [", "assistant.yaml of desk"),
        ("5", "assistant.yaml of desk"),
        (GOOD.replace("slug: desk", "slug: Desk!"), "slug"),
        (GOOD.replace("tools: [look]\n", ""), "tools"),
        (GOOD + "toools: []\n", "toools"),
        (GOOD + "limits: {steps: 0}\n", "steps"),
    ],
)
def test_a_folder_that_says_it_wrong_is_refused_by_name(tmp_path: Path, definition: str, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        Assistants([("shop", folder(tmp_path / "desk", definition))])
