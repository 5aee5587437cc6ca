import re
from importlib.metadata import distribution
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "engines.md"


def test_the_docs_name_every_engine_that_comes_with_us() -> None:
    ours = distribution("jindou").entry_points.select(group="jindou.engines")
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(point.name for point in ours)
