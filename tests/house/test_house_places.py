import pytest
from house_tree import SmallTree

from houserules import places

SLASH = "/"


@pytest.mark.parametrize("host", ["pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org"])
def test_the_address_of_a_package_index_is_found(small: SmallTree, host: str) -> None:
    small.write({"docs/install.md": f"Fine.\nFrom https://{host}/x.\n"})
    assert small.found(places.check) == [
        "docs/install.md:2: [index] Where packages come from is the user's choice: name no index."
    ]


@pytest.mark.parametrize("folder", ["work/main", "tmp/x", "root/.cache", "home/anna/x", "Users/anna/x"])
def test_a_path_of_one_machine_is_found(small: SmallTree, folder: str) -> None:
    small.write({"src/x.py": f'path = "{SLASH}{folder}"\n'})
    assert small.found(places.check) == ["src/x.py:1: [machine] This path exists on one machine only."]


def test_an_address_on_the_web_and_a_path_below_a_variable_are_no_machine(small: SmallTree) -> None:
    small.write({"x.md": f"https://example.com{SLASH}home/index ${{root}}{SLASH}work/x ~{SLASH}work/x .{SLASH}tmp/x\n"})
    assert small.found(places.check) == []


@pytest.mark.parametrize("requirement", ["httpx", "httpx>=0.28", "httpx==0.*", "httpx~=0.28"])
def test_a_package_without_an_exact_version_is_found(small: SmallTree, requirement: str) -> None:
    small.write({"pyproject.toml": f'[dependency-groups]\ndev = ["{requirement}"]\n'})
    assert small.found(places.check) == [f"pyproject.toml:1: [pin] `{requirement}` needs an exact version (`==`)."]


def test_a_package_that_another_one_brings_is_pinned_too(small: SmallTree) -> None:
    project = "[project]\ndependencies = [\"httpx[http2]==0.28.1; python_version > '3'\"]\n"
    locked = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "x" }}\n'
        for name, version in (("httpx", "0.28.1"), ("h11", "0.16.0"))
    )
    small.write({"pyproject.toml": project, "uv.lock": locked, ".gitignore": "uv.lock\n"})
    assert small.found(places.check) == [
        "pyproject.toml:1: [pin] `h11` comes in at 0.16.0; add `h11==0.16.0` to `constraint-dependencies`."
    ]
