"""A setting comes from the environment, else from jindou.toml, else from the code; a wrong one is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from jindou.errors import Invalid
from jindou.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"JINDOU_{name.upper()}", raising=False)


def write(home: Path, text: str) -> None:
    (home / "jindou.toml").write_text(text, encoding="utf-8")


def test_without_anything_said_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    assert (settings.host, settings.port, settings.currency) == ("127.0.0.1", 8787, "CNY")
    assert settings.url == "http://127.0.0.1:8787"


def test_an_override_beats_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'port = 9001\nlanguage = "zh"\ncurrency = "USD"\n')
    assert load_settings(home=tmp_path).port == 9001
    monkeypatch.setenv("JINDOU_PORT", "9002")
    monkeypatch.setenv("JINDOU_LANGUAGE", "en")
    settings = load_settings(home=tmp_path, port=9003)
    assert (settings.port, settings.language, settings.currency) == (9003, "en", "USD")
    assert load_settings(home=tmp_path, port=None).port == 9002, "None means that nothing was said."


def test_the_home_is_said_by_the_environment_and_read_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "port = 9001\n")
    monkeypatch.setenv("JINDOU_HOME", str(tmp_path))
    assert (load_settings().home, load_settings().port) == (tmp_path, 9001)
    assert load_settings(home=tmp_path / "other").port == 8787


def test_an_empty_home_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JINDOU_HOME", "")
    assert load_settings().home == tmp_path / ".jindou"


def test_a_home_is_absolute_and_without_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load_settings(home="~/jindou").home == tmp_path / "jindou"
    assert load_settings(home="here").home == tmp_path / "here"
    assert load_settings().home == tmp_path / ".jindou"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "many"),
        ("host", "192.168.0.7"),
        ("currency", "yuan"),
        ("run_workers", "-1"),
        ("lease_seconds", "0"),
        ("language", "fr"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"JINDOU_{name.upper()}", value)
    with pytest.raises(Invalid, match=f"Setting `{name}`.*JINDOU_{name.upper()} or .*jindou.toml") as refused:
        load_settings(home=tmp_path)
    assert refused.value.field == name


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "prot = 9001\n")
    with pytest.raises(Invalid, match="`prot`"):
        load_settings(home=tmp_path)


def test_a_file_that_is_no_toml_is_refused_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "port = = 1\n")
    with pytest.raises(Invalid, match=r"jindou\.toml"):
        load_settings(home=tmp_path)


def test_a_file_that_is_nested_too_deeply_is_refused_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, f"port = {'[' * 5000}\n")
    with pytest.raises(Invalid, match=r"jindou\.toml"):
        load_settings(home=tmp_path)


def test_a_home_of_nobody_is_refused() -> None:
    with pytest.raises(Invalid, match=r"`home` is ~nosuchuser/x, but nobody .* that ~nosuchuser stands") as refused:
        load_settings(home="~nosuchuser/x")
    assert refused.value.field == "home"


def test_a_home_within_a_directory_that_is_gone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(Invalid, match="`home` is rel, but the working directory") as refused:
        load_settings(home="rel")
    assert refused.value.field == "home"


def test_an_ipv6_address_is_bracketed(tmp_path: Path) -> None:
    assert load_settings(home=tmp_path, host="::1", port=9000).url == "http://[::1]:9000"


def test_settings_do_not_change_once_they_are_read(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    with pytest.raises(ValidationError):
        settings.port = 1


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
