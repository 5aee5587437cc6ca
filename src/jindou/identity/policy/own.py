"""What an organisation's own rules may say: about its own people, and permitting nothing but the tools of packs."""

import re
from collections.abc import Collection, Mapping, Sequence

from jindou.errors import Invalid
from jindou.identity.policy.reading import Statement, Written
from jindou.identity.policy.schema import PLATFORM_ACTIONS

__all__ = ["UNREADABLE", "require_bounds", "require_own"]

MOST_BYTES = 100_000
MOST_RULES = 200
MOST_RULE_BYTES = 8_000
MOST_DEPTH = 32
"""Of brackets in brackets. Cedar's parser ends the whole process where there are too many."""

MOST_OPERATORS = 300
"""Each stands inside of the one before it, in what Cedar makes of a rule."""

MOST_PATH = 16
"""Names with dots between them: what ``has`` makes of such a path grows with its square."""

_ASIDE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"?', re.DOTALL)
_OPERATOR = re.compile(r"[.+*\[!<>-]|&&|\|\||==|\b(?:if|has|like|in|is)\b")
_LONG_PATH = re.compile(rf"(?:\.\s*\w+\s*){{{MOST_PATH},}}")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*){1,3}")
_MOST_ID = 80
_MOST_REASON = 400
_PLATFORM = "jindou."
_DECIDE = "approvals::decide"

UNREADABLE = """@id("jindou.rules-unreadable")
@reason_en("The organisation's own rules can't be read, so no tool may be used until they are put right.")
@reason_zh("无法读取本组织自己的规则，修复之前不能使用任何工具。")
forbid (principal, action in Action::"tools::call", resource);"""
"""What stands for rules that were good when they were activated and can't be read now."""


def require_bounds(statements: Sequence[Statement]) -> None:
    """Look at texts before Cedar does.

    Raises:
        Invalid: there are too many rules, or one is too long, too deep, or has too many operators.
    """
    if len(statements) > MOST_RULES:
        told = f"There are {len(statements)} rules, and may be {MOST_RULES}."
        raise Invalid(told, field="files", rule=f"at most {MOST_RULES} rules")
    for statement in statements:
        if len(statement.text.encode()) > MOST_RULE_BYTES:
            raise statement.wrong("this rule is too long.", f"at most {MOST_RULE_BYTES} bytes a rule")
        bare = _ASIDE.sub(lambda aside: '""' if aside[0][0] == '"' else " ", statement.text)
        if _depth(bare) > MOST_DEPTH:
            raise statement.wrong("this rule has too many brackets in brackets.", f"at most {MOST_DEPTH} deep")
        if len(_OPERATOR.findall(bare)) > MOST_OPERATORS:
            raise statement.wrong("this rule has too many operators.", f"at most {MOST_OPERATORS} operators a rule")
        if _LONG_PATH.search(bare):
            raise statement.wrong("this rule has a path of too many names.", f"at most {MOST_PATH} names with dots")
    if sum(len(statement.text.encode()) for statement in statements) > MOST_BYTES:
        raise Invalid("The rules are too long together.", field="files", rule=f"at most {MOST_BYTES} bytes")


def require_own(written: Sequence[Written], taken: Collection[str], groups: Mapping[str, Sequence[str]]) -> None:
    """Hold an organisation's rules against what such rules may say. `groups` are those that each action is in.

    Raises:
        Invalid: one has an id of the platform's or of a pack's, or permits what is not for an organisation to permit.
    """
    packs = {id_.partition(".")[0] for id_ in taken}
    for one in written:
        id_ = one.rule.id
        if len(id_) > _MOST_ID or _ID.fullmatch(id_) is None:
            raise one.statement.wrong(f"{id_[:_MOST_ID]!r} is no id.", "an id is like shop.no-refunds-on-sundays")
        if id_.startswith(_PLATFORM) or id_.partition(".")[0] in packs:
            raise one.statement.wrong(f"the id {id_} belongs to the platform or to a pack.", "ids of one's own")
        if any(len(text) > _MOST_REASON or not text.isprintable() for text in one.rule.reason.values()):
            raise one.statement.wrong(f"the reason of {id_} is no line of text.", f"at most {_MOST_REASON} characters")
        if one.effect == "permit" and not _may_permit(one, groups):
            told = f"{id_} permits what the platform alone permits."
            raise one.statement.wrong(told, f"a permit names tools, groups of tools or {_DECIDE} in its scope")


def _may_permit(written: Written, groups: Mapping[str, Sequence[str]]) -> bool:
    of_packs = groups.keys() - PLATFORM_ACTIONS | {group for of in groups.values() for group in of}
    return bool(written.actions) and written.actions <= of_packs | {_DECIDE}


def _depth(text: str) -> int:
    """Return how deep brackets are nested at most."""
    depth = most = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            most = max(most, depth)
        elif sign in ")]}":
            depth = max(depth - 1, 0)
    return most
