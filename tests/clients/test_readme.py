import re
from pathlib import Path

import pytest

from support.scripted import refund_script
from support.served import serve

README = Path(__file__).parents[2] / "clients" / "python" / "README.md"


def test_the_example_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    code = "\n".join(re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL))
    with serve(tmp_path / ".jindou", refund_script("SO-10007", 120)) as platform:
        exec(code.replace("http://127.0.0.1:8787", platform.settings.url), {})  # noqa: S102 - it is our own README
    told = capsys.readouterr().out
    assert "Think: 0.0" in told
    assert re.search(r"apr_\w+ waits for somebody", told)
    assert "('jindou.no-self-approval',)" in told
