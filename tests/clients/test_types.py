import enum
from typing import Any, cast

import pytest
from pydantic import BaseModel, TypeAdapter

from jindou.agents import approvals, assistants, conversations, readings, runs, tools, webhooks
from jindou.agents.approvals import types as approval_types
from jindou.agents.assistants import types as assistant_types
from jindou.agents.decisions import types as decision_types
from jindou.agents.policies import types as policy_types
from jindou.agents.runs import types as run_types
from jindou.billing import budgets, pricing, usage
from jindou.billing.budgets import types as budget_types
from jindou.billing.usage import types as usage_types
from jindou.cloud.secrets import types as secret_types
from jindou.identity import accounts, audit, directory, keys, policy, principals
from jindou.identity.accounts import types as account_types
from jindou.identity.audit import types as audit_types
from jindou.identity.directory import types as directory_types
from jindou.identity.keys import types as key_types
from jindou.identity.sso import types as sso_types
from jindou.models import catalogue
from jindou.models.catalogue import wire as model_types
from jindou.models.deployments import types as deployment_types
from jindou.surfaces import deciding
from jindou.surfaces.http import approvals as approval_door
from jindou.surfaces.http import sessions, status
from jindou_client import types

PLACES = (
    *(
        approvals,
        assistants,
        conversations,
        readings,
        webhooks,
        runs,
        tools,
        pricing,
        usage,
        budgets,
        accounts,
        audit,
        directory,
        keys,
        catalogue,
        policy,
        principals,
        sessions,
        status,
        deciding,
        approval_door,
    ),
    *(
        approval_types,
        assistant_types,
        decision_types,
        policy_types,
        run_types,
        usage_types,
        budget_types,
        account_types,
        audit_types,
        directory_types,
        key_types,
        secret_types,
        sso_types,
        model_types,
        deployment_types,
    ),
)


OTHERWISE = {"BudgetScope": "ScopeKind", "KeyScope": "Scope"}
"""What the server, where the word stands in its slice, calls by a shorter one."""


def server_type(name: str) -> Any:
    named = OTHERWISE.get(name, name)
    places = (key_types,) if name == "KeyScope" else PLACES
    found = [getattr(place, named) for place in places if hasattr(place, named)]
    assert found, f"The server has no {name}."
    return found[0]


def shape(schema: Any) -> Any:
    """A JSON schema without the words around it, and without what only one of two directions has."""
    if isinstance(schema, list):
        return [shape(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    plain = cast("dict[str, Any]", schema)
    if "properties" in plain:
        return {name: shape(inner) for name, inner in plain["properties"].items()}
    # What a value is; the server's limits for what it takes are its own.
    dropped = {
        "title",
        "description",
        "default",
        "$defs",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "maxLength",
    }
    return {key: shape(value) for key, value in plain.items() if key not in dropped}


@pytest.mark.parametrize("name", types.__all__)
def test_a_type_of_the_client_has_the_fields_of_the_servers(name: str) -> None:
    ours, theirs = getattr(types, name), server_type(name)
    schemas = [TypeAdapter[Any](type_).json_schema(mode="serialization") for type_ in (ours, theirs)]
    assert shape(schemas[0]) == shape(schemas[1])


def test_money_is_written_as_the_server_writes_it() -> None:
    for micro in (0, 1, 25_500_000, -1_200_000, 123_456_789):
        ours, theirs = (m(micro=micro, currency="CNY") for m in (types.Money, pricing.Money))
        assert str(ours) == str(theirs)


def test_a_field_that_a_newer_server_adds_is_ignored() -> None:
    change = types.Change.model_validate({"label": {"en": "x"}, "before": "", "after": "1", "new_field": enum.auto})
    assert isinstance(change, BaseModel)
    assert "new_field" not in change.model_dump()
