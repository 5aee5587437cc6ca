"""Every rule of the published suite as a test. Subclass `EngineConformance` and give `engine`."""

import pytest

from jindou.models.engines import Engine
from jindou.models.engines.conformance import CHECKS, Check

__all__ = ["EngineConformance"]


class EngineConformance:
    """The fixture `engine` is a started engine that nothing else uses."""

    @pytest.mark.parametrize("check", [c for c in CHECKS if not c.optional], ids=lambda check: check.name)
    def test_it_does_what_every_engine_must(self, engine: Engine, check: Check) -> None:
        check.run(engine)
