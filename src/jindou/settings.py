"""Every setting there is, read once and then passed.

A value comes from the environment (`JINDOU_PORT=9000`), else from `jindou.toml` in the home folder, else from
here. The home itself can only come from the environment or from `--home`.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from jindou.errors import Invalid
from jindou.wording import rule_of, told_of

__all__ = ["Settings", "load_settings", "outside_environment", "terminal_language"]


class Settings(BaseSettings):
    """The settings of one installation."""

    model_config = SettingsConfigDict(env_prefix="JINDOU_", extra="forbid", frozen=True)

    home: Path = Field(default=Path("~/.jindou"), description="Folder of the database, secrets, logs and models.")
    host: Literal["127.0.0.1", "::1"] = Field(default="127.0.0.1", description="Loopback address to listen on.")
    port: int = Field(default=8787, ge=1, le=65535, description="Port of the console and of the API.")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite in the home folder.")
    model: str = Field(default="auto", description="Catalogue name of the local model; `auto` picks by memory.")
    models_dir: Path | None = Field(default=None, description="Where model files are kept; default `home/models`.")
    engine: str = Field(
        default="auto", description="Engine of the model (`jindou.engines`); `auto` takes the tuned one."
    )
    engine_threads: int = Field(default=0, ge=0, le=256, description="Threads of the engine; 0 means every core.")
    memory_budget_gb: float = Field(
        default=0.0, ge=0, description="Memory of all local models at once, in GB; 0 means 60 % of what there is."
    )
    engine_idle_minutes: float = Field(
        default=30.0, gt=0, description="Minutes until a local model that nobody asks is ended; not the one of `model`."
    )
    slots_disk_gb: float = Field(
        default=2.0, ge=0, description="Disk for what local models have read before, in GB; 0 keeps nothing."
    )
    engine_keys: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="Keys of other servers by engine name, as JSON; files in `home/secrets/engines` win.",
    )
    embedding_model: str = Field(
        default="multilingual-e5-small",
        description="Catalogue name of the local embedding model; empty means none.",
    )
    context_tokens: int = Field(default=8192, ge=2048, le=131072, description="Context length, in tokens.")
    language: Literal["auto", "en", "zh"] = Field(default="auto", description="Language of the console and the CLI.")
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217 currency of the bill.")
    run_workers: int = Field(
        default=4, ge=0, le=64, description="Runs that go on at once in a process; 0 leaves them to `jindou worker`."
    )
    runs_per_organisation: int = Field(
        default=0, ge=0, description="Runs of one organisation that go on at once in all processes; 0 is no limit."
    )
    drain_seconds: float = Field(
        default=20.0,
        ge=0,
        description="Seconds a worker that is told to stop gives its runs before it hands them over.",
    )
    run_max_steps: int = Field(default=12, ge=1, le=200, description="Model and tool calls in one run, at most.")
    run_max_tokens: int = Field(default=0, ge=0, description="Tokens that one run may use; 0 means no limit.")
    run_max_cost_micro: int = Field(
        default=0, ge=0, description="Millionths of the currency that one run may cost; 0 means no limit."
    )
    run_max_seconds: int = Field(
        default=3600, ge=1, description="Seconds that one run may be at work, without its waits."
    )
    model_max_seconds: int = Field(default=900, ge=1, description="Seconds that one model call of a run may take.")
    tool_max_seconds: int = Field(default=120, ge=1, description="Seconds that one tool call of a run may take.")
    run_parallel_calls: int = Field(
        default=4, ge=1, le=16, description="Reading tool calls of one run that go on at the same time."
    )
    run_context_share: float = Field(
        default=0.75,
        ge=0.25,
        le=1,
        description="Share of the context that a run fills before it takes notes of its past.",
    )
    answer_max_tokens: int = Field(default=512, ge=16, le=8192, description="Tokens of one model answer, at most.")
    message_max_chars: int = Field(default=16000, ge=1, description="Characters in one message of a person, at most.")
    approval_hours: float = Field(default=72.0, gt=0, description="Hours until an undecided approval expires.")
    approval_webhook_url: str = Field(
        default="", description="Where another system is told of approvals, an `https://` URL; empty tells nobody."
    )
    approval_webhook_links: bool = Field(
        default=False, description="Send that system a link for each person who may decide."
    )
    approval_webhook_private: bool = Field(
        default=False, description="Let that system be on this machine or in a private network, and without TLS."
    )
    lease_seconds: float = Field(default=6.0, ge=1, description="Seconds until another worker may take over a run.")
    sign_in_hours: float = Field(default=24.0, gt=0, description="Hours that a one-time sign-in link is good for.")
    session_hours: float = Field(default=12.0, gt=0, description="Hours that a sign-in lasts.")
    vault_key: SecretStr = Field(
        default=SecretStr(""),
        description="Keys of the vault, 32 bytes in base64, the current one first; empty: `home/secrets/vault.key`.",
    )
    vault_command: str = Field(
        default="", description="Program that wraps the keys of the vault, for a KMS; see docs/secrets.md."
    )
    scim_roles: dict[str, list[str]] = Field(
        default_factory=dict[str, list[str]],
        description="Roles of groups that a provisioning system makes (SCIM), by the group's name, as JSON.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^/?#\s@]+)?$",
        description="Address of the console for browsers, without a path; empty means `http://` and host and port.",
    )
    max_body_mb: int = Field(
        default=16, ge=1, le=100, description="Size of a request on `/v1`, in MB; everywhere else it is 1."
    )
    sso_private: bool = Field(
        default=False,
        description="Let identity providers be in a private network, or on this machine and there without TLS.",
    )
    source_timeout: float = Field(default=5.0, gt=0, description="Seconds until a silent model source is skipped.")
    offline: bool = Field(default=False, description="Never fetch anything from outside.")
    otlp_endpoint: str = Field(
        default="",
        validation_alias=AliasChoices("otlp_endpoint", "jindou_otlp_endpoint", "otel_exporter_otlp_endpoint"),
        description="OTLP collector of spans, over HTTP; also `OTEL_EXPORTER_OTLP_ENDPOINT`. Empty sends none.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Log detail.")

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def url(self) -> str:
        """The address of the console and of the API, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def browser_url(self) -> str:
        """The address of the console as browsers and other systems know it, without a path."""
        return self.public_url or self.url

    @property
    def passkey_origin(self) -> str:
        """The one address at which passkeys work: browsers have none for an address in numbers."""
        return self.public_url.lower() or f"http://localhost:{self.port}"


class _HomeOnly(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="JINDOU_", extra="ignore", env_ignore_empty=True)

    home: Path = Path("~/.jindou")


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over everything else.

    Raises:
        Invalid: a value breaks its rule; the message names the setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    home = _absolute(Path(str(given.get("home") or _HomeOnly().home)))

    class FromHome(Settings):
        model_config = SettingsConfigDict(toml_file=home / "jindou.toml")

    try:
        settings = FromHome(**(given | {"home": home}))  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = f"Setting {told_of(first, name)[:-1]} (JINDOU_{name.upper()} or {home / 'jindou.toml'})."
        raise Invalid(message, field=name, rule=rule_of(first)) from None
    except (ValueError, OSError, RecursionError) as error:
        raise Invalid(f"{home / 'jindou.toml'} can't be read: {error}.", field="jindou.toml", rule="TOML") from None
    return settings


def _absolute(home: Path) -> Path:
    try:
        return home.expanduser().absolute()
    except RuntimeError:
        why = f"nobody here has the home directory that {home.parts[0]} stands for"
    except OSError:
        why = "the working directory, from which it goes on, is there no more"
    raise Invalid(f"Setting `home` is {home}, but {why}.", field="home", rule="path")


def outside_environment() -> dict[str, str]:
    """Return the environment for a program that is not ours: without our settings, which may be keys and passwords."""
    # The one place beside the settings themselves: a program of the user's needs their PATH, proxies and indexes.
    environment = os.environ  # noqa: TID251
    return {name: value for name, value in environment.items() if not name.upper().startswith("JINDOU_")}


def terminal_language() -> Literal["en", "zh"]:
    """Return the language that the terminal is set to, as POSIX has it, where it is one of ours; else English."""
    environment = outside_environment()
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return "zh" if said.startswith("zh") else "en"
