"""An engine that can't be opened says why; nothing hangs."""

from typing import Any, cast

import pytest

from jindou.models.ik import batching
from jindou.models.ik.library import Library


class _Opened:
    def on_abort(self, _should: object) -> None: ...


def _missing(_library: Library) -> Any:
    raise ModuleNotFoundError("No module named 'llguidance'")


def test_what_is_missing_for_schemas_is_told_to_who_opens_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "Grammars", _missing)
    with pytest.raises(ModuleNotFoundError, match="llguidance"):
        batching.Batching(lambda: cast("Library", _Opened()), slots=1, context_tokens=16, batch=8)
