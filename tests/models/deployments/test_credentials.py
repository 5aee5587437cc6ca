"""Keys of other people's servers, as long as they are taken for true."""

from pathlib import Path

from jindou.models.deployments.credentials import Credentials

URL = "http://127.0.0.1:1/v1"


def test_a_file_is_looked_at_again_after_half_a_second(tmp_path: Path) -> None:
    now = 0.0
    path = tmp_path / "vllm.key"
    credentials = Credentials(tmp_path, {"vllm": "sk-given"}, lambda: now)

    def write(text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)

    assert credentials.get("vllm", URL)[0] == "sk-given"
    write("sk-first")
    assert credentials.get("vllm", URL)[0] == "sk-given"
    now = 0.5
    assert credentials.get("vllm", URL)[0] == "sk-first"
    path.unlink()
    assert credentials.get("vllm", URL)[0] == "sk-first"
    now = 1.0
    assert credentials.get("vllm", URL)[0] == "sk-given"
