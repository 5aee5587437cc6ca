"""Settings -> Ground: the database, the packs and the rules, on which the other rooms stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from jindou import __version__
from jindou.agents.runs import Journal
from jindou.agents.tools import actions_of
from jindou.cloud.secrets import KeyEncryption, Secrets, open_keys
from jindou.db import Database, Work, migrate, require_newest
from jindou.durable.queue import Queue
from jindou.durable.signals import Signals
from jindou.errors import Invalid, NotFound
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.keys import Keys
from jindou.identity.policy import Action, Policy, Standing
from jindou.identity.principals import Person, Principals
from jindou.packs.contract import OpenPack, Pack
from jindou.settings import Settings
from jindou.telemetry import Clock, Metrics, Spans, open_spans

__all__ = ["Ground", "installed_packs", "lay_ground"]

_COMPANY = "Somersault Lamps · 筋斗灯饰"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every other room stands on."""

    database: Database
    packs: dict[str, Pack]
    opened: dict[str, OpenPack]
    policy: Policy
    standing: Standing
    audit: Audit
    principals: Principals
    keys: Keys
    secrets: Secrets
    vault_keys: KeyEncryption
    signals: Signals
    queue: Queue
    metrics: Metrics
    spans: Spans

    def assistant_folders(self) -> list[tuple[str, Path]]:
        """Return the pack and the folder of each assistant."""
        found = {name: sorted(pack.folder.glob("assistants/*/assistant.yaml")) for name, pack in self.packs.items()}
        return [(name, definition.parent) for name, definitions in found.items() for definition in definitions]

    def name_of(self, work: Work, id_: str) -> str:
        """Return the name of a person or of a key, or the id of what is gone."""
        try:
            return self.keys.owner(work, id_)[0] if id_.startswith("key_") else self.principals.get(work, id_).name
        except NotFound:
            return id_


def lay_ground(settings: Settings, home: Home, clock: Clock | None = None, *, is_first: bool = True) -> Ground:
    """Open the database and the packs; the `is_first` brings the schema up to date and seeds an empty installation.

    Raises:
        Invalid: on SQLite there is but this process, and the settings have it do no runs.
        DatabaseOlder, DatabaseNewer: the database is of another version.
    """
    database = Database(settings.database_url or f"sqlite:///{home.database}", clock=clock)
    if database.is_sqlite and not settings.run_workers:
        told = "On SQLite this process is the only one, so it does the runs: set `run_workers` to 1 or more."
        raise Invalid(told, field="run_workers", rule="at least 1 on SQLite")
    if is_first:
        migrate(database)
    else:
        require_newest(database)
    packs = {pack.name: pack for pack in installed_packs()}
    opened = {name: _open(pack, home, database.clock) for name, pack in packs.items()}
    policy, principals = _policy(packs, opened), Principals()
    if is_first:
        _seed(database, principals, packs.values())
    signals = Signals(database)
    audit = Audit(home.published_heads, policy)
    vault_keys = open_keys(home.vault_key, settings.vault_key.get_secret_value(), settings.vault_command)
    secrets = Secrets(vault_keys, database, policy, audit)
    with database.reading(None) as work:
        secrets.require_keys(work)
    return Ground(
        database=database,
        packs=packs,
        opened=opened,
        policy=policy,
        standing=_standing(database, policy),
        audit=audit,
        principals=principals,
        keys=Keys(principals, policy, audit),
        secrets=secrets,
        vault_keys=vault_keys,
        signals=signals,
        queue=Queue(
            settings.lease_seconds,
            version=Journal.version,
            most_at_once=settings.runs_per_organisation,
            signals=signals,
        ),
        metrics=Metrics(),
        spans=open_spans(settings.otlp_endpoint, __version__),
    )


def installed_packs() -> list[Pack]:
    """Return every pack that is installed.

    Raises:
        Invalid: an entry point does not name a pack.
    """
    packs: list[Pack] = []
    for point in entry_points(group="jindou.packs"):
        pack = point.load()
        if not isinstance(pack, Pack):
            raise Invalid(f"The entry point {point.name} is no pack.", field=point.value, rule="jindou.packs")
        packs.append(pack)
    return packs


def _seed(database: Database, principals: Principals, packs: Iterable[Pack]) -> None:
    """Make the demo company and its people, if there is no organisation yet."""
    with database.writing(None) as work:
        if principals.find_organisation(work) is not None:
            return
        org_id = principals.create_organisation(work, _COMPANY)
        for person in (person for pack in packs for person in pack.people):
            made = Person(
                id="",
                handle=person.handle,
                name=person.name,
                title=dict(person.title),
                roles=list(person.roles),
                language=person.language,
            )
            principals.create_person(work, org_id, made)


def _standing(database: Database, policy: Policy) -> Standing:
    standing = Standing(database, policy)
    standing.look()
    return standing


def _open(pack: Pack, home: Home, clock: Clock) -> OpenPack:
    folder = home.packs / pack.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return pack.open(folder, clock.now())


def _policy(packs: dict[str, Pack], opened: dict[str, OpenPack]) -> Policy:
    texts = {name: (pack.folder / "policy.cedar").read_text(encoding="utf-8") for name, pack in packs.items()}
    actions: dict[str, Action] = {}
    for name, pack in packs.items():
        actions |= actions_of(name, opened[name].tools, pack.actions)
    return Policy(texts, actions)
