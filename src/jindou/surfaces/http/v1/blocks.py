"""The pieces of an answer, gathered into what it consists of: thoughts, words and calls, in their order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from jindou.models.completions import CallPiece, ReasoningPiece, TextPiece

__all__ = ["Block", "Blocks", "Piece", "Step"]

Piece = TextPiece | ReasoningPiece | CallPiece


@dataclass(slots=True)
class Block:
    """A stretch of one kind. A call has an id and a name, and its text is its arguments."""

    kind: Literal["text", "reasoning", "call"]
    at: int
    id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        """Return all of it."""
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class Step:
    """What a piece changed: `block` has grown by `text`; it may have begun with it, and thereby ended another."""

    block: Block
    text: str
    has_begun: bool
    ended: Block | None


class Blocks:
    """Grows piece by piece. A call is over once another one, or words, have begun."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self.all: list[Block] = []
        self._call = -1
        for piece in pieces:
            self.add(piece)

    def __bool__(self) -> bool:
        return bool(self.all)

    @property
    def last(self) -> Block | None:
        """Return the block that may still grow."""
        return self.all[-1] if self.all else None

    def add(self, piece: Piece) -> Step:
        """Take the next piece and say what it changed."""
        text = piece.arguments if isinstance(piece, CallPiece) else piece.text
        last = self.last
        if last is not None and self._goes_on(last, piece):
            last.parts.append(text)
            return Step(last, text, has_begun=False, ended=None)
        block = self._begun(piece)
        block.parts.append(text)
        self.all.append(block)
        return Step(block, text, has_begun=True, ended=last)

    def _goes_on(self, last: Block, piece: Piece) -> bool:
        if isinstance(piece, CallPiece):
            return last.kind == "call" and self._call == piece.at
        return last.kind == _kind(piece)

    def _begun(self, piece: Piece) -> Block:
        if not isinstance(piece, CallPiece):
            return Block(_kind(piece), len(self.all))
        self._call = piece.at
        return Block("call", len(self.all), piece.id, piece.name)


def _kind(piece: TextPiece | ReasoningPiece) -> Literal["text", "reasoning"]:
    return "text" if isinstance(piece, TextPiece) else "reasoning"
