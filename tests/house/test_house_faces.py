import pytest
from house_tree import SmallTree

from houserules import faces, imports

ROOMS = {
    "src/jindou/__init__.py": "",
    "src/jindou/agents/__init__.py": '"""The assistants."""\n',
    "src/jindou/agents/runs/__init__.py": 'from jindou.agents.runs.service import start\n\n__all__ = ["start"]\n',
    "src/jindou/agents/runs/service.py": "def start(): ...\n",
    "src/jindou/agents/tools/__init__.py": "__all__ = []\n",
    "src/jindou/db/__init__.py": 'from jindou.db.migrate import migrate\n\n__all__ = ["migrate"]\n',
    "src/jindou/db/migrate.py": "def migrate(): ...\n",
    "src/jindou/surfaces/__init__.py": "",
    "src/jindou/surfaces/http/__init__.py": "",
    "src/jindou/surfaces/http/door.py": "",
}


@pytest.mark.parametrize(
    "line",
    [
        "from jindou.agents.runs.service import start",
        "from jindou.agents.runs import service",
        "import jindou.agents.runs.service",
        "from ..runs.service import start",
        "from ..runs import service",
    ],
)
def test_an_import_past_the_face_is_found_in_every_form(small: SmallTree, line: str) -> None:
    small.write(ROOMS | {"src/jindou/agents/tools/doorway.py": f"{line}\n"})
    assert small.found(faces.check) == [
        (
            "src/jindou/agents/tools/doorway.py:1: [face] Import it from `jindou.agents.runs`, its face, "
            "not from `jindou.agents.runs.service`."
        )
    ]


def test_a_room_that_offers_names_is_entered_by_its_face_too(small: SmallTree) -> None:
    small.write(ROOMS | {"src/jindou/assembly.py": "from jindou.db.migrate import migrate\n"})
    assert small.found(faces.check) == [
        "src/jindou/assembly.py:1: [face] Import it from `jindou.db`, its face, not from `jindou.db.migrate`."
    ]


def test_the_face_is_open_and_so_is_a_slice_to_itself(small: SmallTree) -> None:
    lines = "from jindou.agents.runs import start\nfrom jindou.db import migrate\nimport jindou.agents.runs\n"
    small.write(ROOMS | {"src/jindou/agents/tools/doorway.py": lines})
    assert small.found(faces.check) == []


def test_the_doors_are_one_room(small: SmallTree) -> None:
    small.write(ROOMS | {"src/jindou/surfaces/console.py": "from jindou.surfaces.http.door import reading\n"})
    assert small.found(faces.check) == []


def test_a_face_says_what_it_offers(small: SmallTree) -> None:
    small.write({"src/jindou/agents/runs/__init__.py": "from jindou.agents.runs.service import start\n"})
    assert small.found(faces.check) == [
        (
            "src/jindou/agents/runs/__init__.py:1: [face] The face of a slice says what it offers in `__all__`, "
            "a list of texts."
        )
    ]


def test_a_face_offers_twelve_names_at_most(small: SmallTree) -> None:
    for count, breaches in ((12, 0), (13, 1)):
        offered = ", ".join(f'"name{number}"' for number in range(count))
        small.write({"src/jindou/agents/runs/__init__.py": f"__all__ = [{offered}]\n"})
        assert len(small.found(faces.check)) == breaches


def test_an_import_inside_a_function_is_found(small: SmallTree) -> None:
    small.write({"src/jindou/x.py": "def lazy():\n    if True:\n        from jindou import cli\n"})
    assert small.found(imports.check) == [
        "src/jindou/x.py:3: [import] An import stands at the top of its file, never in a function."
    ]


def test_the_client_imports_nothing_of_the_platform(small: SmallTree) -> None:
    small.write(
        {
            "clients/python/src/jindou_client/__init__.py": "from jindou_client.runs import Runs\n",
            "clients/python/src/jindou_client/runs.py": "import httpx\nfrom jindou.agents.runs import Run\n",
        }
    )
    assert small.found(imports.check) == [
        (
            "clients/python/src/jindou_client/runs.py:2: [import] The client works without the platform: "
            "import nothing of it."
        )
    ]
