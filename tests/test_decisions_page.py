import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"


def test_the_index_lists_every_decision_by_its_title() -> None:
    told = re.findall(r"^\| (\d{4}) \| \[(.*)\]\((.*)\) \| .+ \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    records = sorted(FOLDER.glob("0*.md"))
    titles = [record.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2] for record in records]
    assert told == [(one.name[:4], title, one.name) for one, title in zip(records, titles, strict=True)]
