"""What a decision says."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from jindou.errors import Forbidden

__all__ = ["Condition", "Decision", "Rule", "Verb"]

Verb = Literal["allow", "ask", "deny"]
_LANGUAGES: Final = ("en", "zh")


class Rule(BaseModel):
    """A rule that decided, with its reason in each language an employee may read.

    `approvers` is how many different people must approve what the rule lets through only with an approval.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    reason: dict[str, str]
    approvers: int = Field(default=1, ge=1, le=9)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule that decides only with the facts or the origins of a call: `verb` is what it comes to where it holds."""

    verb: Verb
    rule: Rule


class Decision(BaseModel):
    """`allow`; `ask` (somebody with the right may approve exactly this call); or `deny`. `rules` says why not."""

    model_config = ConfigDict(frozen=True)

    verb: Verb
    rules: tuple[Rule, ...] = ()

    @property
    def approvers(self) -> int:
        """How many different people must approve: as many as the strictest of the rules says."""
        return max((rule.approvers for rule in self.rules), default=1)

    def require(self) -> None:
        """Let only what is allowed pass.

        Raises:
            Forbidden: it is not; the message and `rules` name the rule.
        """
        if self.verb != "allow":
            told = {
                language: " ".join(
                    f"{rule.reason.get(language) or rule.reason['en']} [{rule.id}]" for rule in self.rules
                )
                for language in _LANGUAGES
            }
            raise Forbidden(told["en"], rules=[rule.id for rule in self.rules], reasons=told)
