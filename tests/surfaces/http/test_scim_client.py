"""A SCIM client that others wrote, and the checks of the standard that come with it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx2 import Client as HttpClient
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from support.homes import copy_home
from support.scripted import refund_script
from support.served import serve


@pytest.fixture
def provider(made_home: Path, tmp_path: Path) -> Generator[SyncSCIMClient]:
    with serve(copy_home(made_home, tmp_path / "home"), refund_script("SO-10007", 1)) as platform:
        url = platform.settings.url
        operator = {"Authorization": f"Bearer {platform.home.operator_key()}"}
        opened = httpx.post(f"{url}/api/sessions", json={"person": "manager"}, headers=operator, timeout=60)
        manager = {"Authorization": f"Bearer {opened.json()['token']}"}

        def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            return httpx.post(url + path, json=body, headers=manager, timeout=60).raise_for_status().json()

        account = post("/api/service-accounts", {"handle": "idp", "name": "IdP", "roles": ["administrator"]})
        key = post(f"/api/service-accounts/{account['id']}/keys", {"name": "idp", "scopes": ["scim"]})
        headers = {"Authorization": f"Bearer {key['secret']}"}
        with HttpClient(base_url=f"{url}/scim/v2", headers=headers, timeout=30) as client:
            yield SyncSCIMClient(client)


HAVE_ALWAYS = ("displayName", "name", "preferredLanguage", "active")
"""What is set to what holds by itself where it is removed, which the checks don't foresee."""


def test_every_check_of_the_standard_passes(provider: SyncSCIMClient) -> None:
    provider.discover()
    unforeseen = {f"PATCH modify() did not remove attribute '{name}'" for name in HAVE_ALWAYS}
    failed = [
        f"{one.title}: {one.reason} {one.resource_type or ''}"
        for one in check_server(provider)
        if one.status not in {Status.SUCCESS, Status.SKIPPED} and one.reason not in unforeseen
    ]
    assert not failed, "\n".join(failed)


def test_somebody_leaves_and_somebody_else_comes_by_the_same_name(provider: SyncSCIMClient) -> None:
    provider.discover()
    client: Any = provider  # What it finds has the types of the server's own schemas.
    user = client.get_resource_model("User")
    named_wei = {"filter": 'userName eq "wei"'}
    first = client.create(user(user_name="wei", display_name="Wei Zhang", external_id="17"))
    assert [one.id for one in client.query(user, query_parameters=named_wei).resources] == [first.id]
    client.delete(user, first.id)
    assert client.query(user, first.id, raise_scim_errors=False).status == 404
    assert client.query(user, query_parameters=named_wei).total_results == 0
    second = client.create(user(user_name="wei", display_name="Wei Zhang", external_id="17"))
    assert second.id != first.id
