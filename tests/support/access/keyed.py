"""Random requests with keys: at the gateway, at provisioning, and at the doors that a key does not open."""

import random

from support.access.cases import Found
from support.access.company import Company
from support.platform import MODEL

__all__ = ["use_key"]

_CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "Good morning?"}], "max_tokens": 4}
_DOORS: dict[str, tuple[str, str, object]] = {
    "models": ("GET", "/v1/models", None),
    "completions": ("POST", "/v1/chat/completions", _CHAT),
    "scim": ("GET", "/scim/v2/Users", None),
    "api": ("GET", "/api/runs", None),
}
_OPENS = {"good": {"models", "completions"}, "models": {"models"}, "scim": {"scim"}}
"""What a key in some state opens; what it does not is refused, and one that is over or revoked opens nothing."""


def use_key(company: Company, dice: random.Random) -> list[Found]:
    """Show a random secret at a random door: a key's in any state, a session's, or one that nobody has."""
    door = dice.choice(list(_DOORS))
    method, path, body = _DOORS[door]
    what = dice.choice(("key", "key", "key", "session", "forged"))
    who = dice.choice(company.active())
    if what == "key":
        secret, (who, state) = dice.choice(list(company.secrets.items()))
        headers = {"Authorization": f"Bearer {secret}"}
    elif what == "session":
        state, headers = "session", company.headers(who)
    else:
        state, headers = "forged", {"Authorization": f"Bearer jdk_{dice.getrandbits(256):064x}"}
    company.let_say("Good morning.")
    answer = company.wire.send(method, path, headers, body)
    is_open = door in _OPENS.get(state, ()) or (state == "session" and door == "api")
    told = f"{who}: {method} {path} with a secret that is {state}: {answer.status}"
    if is_open:
        return [] if answer.status == 200 else [Found("wrong refusal", "keys", f"{state} at {door}", told)]
    if answer.status not in {401, 403}:
        return [Found("leak", "keys", f"{state} at {door}: {answer.status}", told)]
    others = [one.handle for one in company.people if one.org != who.org and one.name in answer.text]
    return [Found("leak", "keys", f"{state} at {door}: names", f"{told}: {others}")] if others else []
