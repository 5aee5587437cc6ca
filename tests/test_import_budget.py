"""Asking for help loads nothing heavy: the terminal answers at once."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    "sqlalchemy",
    "fastapi",
    "starlette",
    "pydantic",
    "httpx",
    "uvicorn",
    "jinja2",
    "cedarpy",
    "alembic",
    "yaml",
    "cryptography",
}


def loaded_by(code: str) -> set[str]:
    told = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stderr.splitlines()[-1])
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize(
    "code",
    [
        "import jindou.cli",
        "from jindou.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
    ids=["import", "help"],
)
def test_the_terminal_loads_nothing_heavy_before_it_must(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()
