"""Assistants, read from their folders: ``assistant.yaml`` and ``instructions.md``."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jindou.agents.assistants.types import ApprovalLevel, Assistant, Example, Limits
from jindou.errors import Invalid, NotFound

__all__ = ["Assistants"]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: dict[str, str]
    description: dict[str, str]
    tools: list[str]
    examples: list[Example] = Field(default_factory=list[Example])
    limits: Limits = Limits()
    approvals: ApprovalLevel = "rules"


class Assistants:
    """Every assistant of the installation, by slug."""

    def __init__(self, folders: Iterable[tuple[str, Path]]) -> None:
        """Read the assistants of `folders`, pairs of a pack's name and an assistant's folder.

        Raises:
            Invalid: a folder is not an assistant; the message names the file and the field.
        """
        found = [_read(pack, folder) for pack, folder in folders]
        self._by_slug = {assistant.slug: assistant for assistant in found}

    def list_assistants(self) -> list[Assistant]:
        """Return every assistant."""
        return list(self._by_slug.values())

    def get(self, slug: str) -> Assistant:
        """Return an assistant.

        Raises:
            NotFound: there is none of that name; the message lists those there are.
        """
        if slug not in self._by_slug:
            raise NotFound(f"There is no assistant {slug!r}; there are: {', '.join(self._by_slug)}.")
        return self._by_slug[slug]


def _read(pack: str, folder: Path) -> Assistant:
    definition = folder / "assistant.yaml"
    text = definition.read_text(encoding="utf-8")
    instructions = (folder / "instructions.md").read_text(encoding="utf-8").strip()
    try:
        content: Any = yaml.safe_load(text)
        file = _File.model_validate(content)
    except (ValidationError, yaml.YAMLError) as error:
        raise Invalid(f"{definition.name} of {folder.name}: {error}", field=folder.name, rule="assistant") from None
    version = hashlib.sha256(f"{text}\0{instructions}".encode()).hexdigest()
    return Assistant(pack=pack, instructions=instructions, version=version, **file.model_dump())
