"""Nothing heavy is loaded before it is needed: the terminal answers at once, and a worker of `/v1` soon."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jindou.home import Home
from support.templates import lay_database

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
FOR_FEW = {
    "alembic",  # Only a schema that is to be changed needs it;
    "mako",  # what comes with it.
    "httpx",  # A worker fetches no model, and asks a server by httpx only where the harness is needed;
    "rich",  # what comes
    "pygments",  # with that.
    "jsonschema",  # Only requests with tools or a schema need it;
    "attr",  # what comes
    "referencing",  # with that.
    "fastapi",
    "jinja2",
    "cryptography",
    "sqlalchemy.dialects.postgresql",  # The worker of this test is on SQLite.
}


def modules_of(code: str, *arguments: str) -> set[str]:
    told = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", told, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def loaded_by(code: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_of(code)}


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


WORKER = """
from pathlib import Path
import jindou.surfaces.cli.gateway
from jindou.assembly_gateway import open_gateway
from jindou.home import Home
from jindou.settings import load_settings
home = Path(sys.argv[1])
with open_gateway(load_settings(home=home), Home(home)): pass
"""


def test_a_worker_of_the_gateway_starts_without_what_only_few_requests_need(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    lay_database(home.database)
    assert modules_of(WORKER, str(tmp_path)) & FOR_FEW == set()


def test_an_engine_at_a_server_is_chosen_before_what_speaks_http_is_loaded() -> None:
    assert "httpx" not in loaded_by("import jindou.models.engines.openai")
