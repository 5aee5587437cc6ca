import pytest
from house_tree import SmallTree

from houserules import doors

EVERY_DOOR = {
    "src/jindou/agents/runs/service.py": "",
    "src/jindou/surfaces/http/runs.py": "",
    "src/jindou/surfaces/console/runs.py": "",
    "src/jindou/surfaces/cli/runs.py": "",
    "clients/python/src/jindou_client/client.py": (
        "class Client:\n    def __init__(self):\n        self.runs = 1\n    def usage(self): ...\n"
    ),
    "tests/agents/runs/test_runs.py": "",
    "docs/runs.md": "",
}
ERRORS = "class JindouError(Exception): ...\nclass NotFound(JindouError): ...\nclass Limited(JindouError): ...\n"


def test_a_slice_with_every_door_is_fine(small: SmallTree) -> None:
    small.write(EVERY_DOOR)
    assert small.found(doors.check) == []


@pytest.mark.parametrize(
    ("door", "path"),
    [
        ("cli", "src/jindou/surfaces/cli/usage.py"),
        ("client", "Client.budgets"),
        ("console", "src/jindou/surfaces/console/usage.py"),
        ("docs", "docs/usage.md"),
        ("http", "src/jindou/surfaces/http/usage.py"),
        ("tests", "tests/billing/usage"),
    ],
)
def test_a_missing_door_is_found(small: SmallTree, door: str, path: str) -> None:
    slug = path.removeprefix("Client.") if door == "client" else "usage"
    have = {shown.format(room="billing", slug=slug) for name, shown in doors.DOORS.items() if name != door}
    files = {f"{file}/test_x.py" if file.startswith("tests") else file: "" for file in have}
    small.write(EVERY_DOOR | files | {f"src/jindou/billing/{slug}/service.py": ""})
    assert small.found(doors.check) == [
        f"src/jindou/billing/{slug}/service.py:1: [door] It has a service, but no {door}: {path}."
    ]


def test_a_slice_may_have_no_door_or_lack_one_for_a_reason(small: SmallTree) -> None:
    granted = [("identity/policy", 1), ("agents/runs::docs", 2)]
    table = "".join(f'[[door]]\nwhat = "{what}"\nreason = "Reason {number}."\n' for what, number in granted)
    files = EVERY_DOOR | {"src/jindou/identity/policy/service.py": "", "tools/exceptions.toml": table, "docs/x.md": ""}
    small.write({path: text for path, text in files.items() if path != "docs/runs.md"})
    assert small.found(doors.check) == []


def test_a_slice_without_a_service_needs_no_door(small: SmallTree) -> None:
    small.write(EVERY_DOOR | {"src/jindou/agents/tools/doorway.py": ""})
    assert small.found(doors.check) == []


def test_a_kind_of_error_that_no_door_can_tell_is_found(small: SmallTree) -> None:
    problems = "from jindou.errors import NotFound\n\nPROBLEMS: dict = MappingProxyType({NotFound: 404})\n"
    small.write({"src/jindou/errors.py": ERRORS, "src/jindou/surfaces/problems.py": problems})
    assert small.found(doors.check) == [
        "src/jindou/surfaces/problems.py:3: [errors] `Limited` is a kind of error; say in `PROBLEMS` how it is told."
    ]


def test_every_kind_told_is_fine_and_no_table_is_not(small: SmallTree) -> None:
    table = "PROBLEMS = {errors.NotFound: 404, errors.Limited: 429}\n"
    small.write({"src/jindou/errors.py": ERRORS, "src/jindou/surfaces/problems.py": table})
    assert small.found(doors.check) == []
    small.write({"src/jindou/surfaces/problems.py": "PROBLEMS = build()\n"})
    assert len(small.found(doors.check)) == 1
