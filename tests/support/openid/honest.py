"""A real OpenID provider, oidc-provider by panva, as npm brings it, in a process of its own."""

import json
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.node import find_node, install_locked

__all__ = ["HonestProvider", "running_provider"]

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class HonestProvider:
    """The provider at `issuer`, which is another site than the console's for a browser."""

    issuer: str

    def know(self, **told: object) -> None:
        """Say which `clients` and `people` there are; ``rotate=True`` gives it other keys."""
        httpx.post(f"{self.issuer}/control", json=told, timeout=30).raise_for_status()

    def client(self, provider: Any, secret: str) -> Mapping[str, object]:
        """Return the client that a provider of Jindou's is there."""
        return {
            "client_id": provider.client_id,
            "client_secret": secret,
            "redirect_uris": [provider.redirect_uri],
            "post_logout_redirect_uris": [provider.logout_uri],
            "backchannel_logout_uri": provider.backchannel_logout_uri,
            "backchannel_logout_session_required": True,
            "scope": "openid profile email groups",
        }


@contextmanager
def running_provider(cache: Path) -> Generator[HonestProvider]:
    """Run the provider until the end of the block; `cache` keeps its packages from one test run to the next.

    Raises:
        NoNode: there is nothing to run it on.
    """
    node, _ = find_node()
    lock = (_HERE / "package-lock.json").read_text(encoding="utf-8")
    wanted = json.loads(lock)["packages"][""]
    home = cache / f"oidc-provider-{wanted['dependencies']['oidc-provider']}"
    program = home / "node_modules" / "oidc-provider" / "lib" / "index.js"
    install_locked(home, json.dumps(wanted), lock, program)
    command = [node, str(_HERE / "provider.mjs"), str(program)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield HonestProvider(json.loads(process.stdout.readline())["issuer"])
        finally:
            process.terminate()
            process.wait(timeout=30)
