import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, update

from jindou.assembly import Platform
from jindou.errors import Forbidden
from jindou.identity.keys import (
    KeyAsk,
    KeyExpired,
    KeyRefused,
    KeyRevoked,
    KeyRing,
    NewKey,
    Rotation,
    ScopeNotAllowed,
)
from jindou.identity.keys.tables import KeyRow
from jindou.identity.policy import Resource
from jindou.identity.principals.tables import PersonRow
from support.platform import FakeClock, as_person, open_platform

TTL = timedelta(seconds=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(tmp_path: Path, clock: FakeClock) -> Iterator[Platform]:
    with open_platform(tmp_path, lambda _: "Hello.", clock) as platform:
        yield platform


@pytest.fixture
def ring(platform: Platform) -> KeyRing:
    return KeyRing(platform.database, platform.keys, ttl_seconds=TTL.total_seconds())


def create(platform: Platform, **asked: object) -> NewKey:
    who = as_person(platform, "clerk")
    with platform.database.writing(who.org_id) as work:
        return platform.keys.create(work, who, KeyAsk.model_validate({"name": "my program"} | asked))


def revoke(platform: Platform, key_id: str) -> None:
    who = as_person(platform, "clerk")
    with platform.database.writing(who.org_id) as work:
        platform.keys.revoke(work, who, key_id)


class Reads:
    """Counts the statements that reach the database."""

    def __init__(self, platform: Platform) -> None:
        self.count = 0
        event.listen(platform.database.engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.count += 1


def test_a_key_that_was_loaded_is_known_without_the_database(platform: Platform, ring: KeyRing) -> None:
    key = create(platform)
    assert ring.lookup(key.secret) is None
    loaded = ring.load(key.secret)
    reads = Reads(platform)
    assert ring.lookup(key.secret) is loaded
    assert ring.load(key.secret) is loaded
    assert reads.count == 0
    assert loaded.who == as_person(platform, "clerk")
    assert loaded.key_id == key.id


def test_after_its_time_a_key_is_asked_for_again(platform: Platform, ring: KeyRing, clock: FakeClock) -> None:
    key = create(platform)
    ring.load(key.secret)
    clock.move(TTL)
    assert ring.lookup(key.secret) is None


def test_a_clock_that_is_set_back_keeps_no_key_for_longer(platform: Platform, ring: KeyRing, clock: FakeClock) -> None:
    key = create(platform)
    ring.load(key.secret)
    clock.move(timedelta(hours=-1))
    assert ring.lookup(key.secret) is None


def test_a_key_that_is_revoked_here_is_refused_at_once(platform: Platform, ring: KeyRing) -> None:
    key = create(platform)
    ring.load(key.secret)
    revoke(platform, key.id)
    assert ring.lookup(key.secret) is None
    for ask in (ring.load, ring.lookup):
        with pytest.raises(KeyRevoked, match="was revoked"):
            ask(key.secret)


def test_a_key_that_is_revoked_elsewhere_is_refused_within_the_time(
    platform: Platform, ring: KeyRing, clock: FakeClock
) -> None:
    key = create(platform)
    ring.load(key.secret)
    with platform.database.writing(None) as work:
        work.session.execute(update(KeyRow).values(revoked_at=work.now()))
    assert ring.lookup(key.secret) is not None
    clock.move(TTL)
    with pytest.raises(KeyRevoked):
        ring.load(key.secret)


def test_a_revocation_that_was_rolled_back_forgets_nothing(platform: Platform, ring: KeyRing) -> None:
    key = create(platform)
    loaded = ring.load(key.secret)
    who = as_person(platform, "clerk")
    with suppress(ZeroDivisionError), platform.database.writing(who.org_id) as work:
        platform.keys.revoke(work, who, key.id)
        raise ZeroDivisionError
    assert ring.lookup(key.secret) is loaded


def test_what_was_read_before_a_revocation_is_not_remembered_after_it(
    platform: Platform, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(platform)
    holder_of = platform.keys.holder

    def slowly(*asked: object) -> object:
        found = holder_of(*asked)  # pyright: ignore[reportArgumentType]
        revoking = threading.Thread(target=revoke, args=(platform, key.id))
        revoking.start()
        revoking.join()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(platform.keys, "holder", slowly)
        assert ring.load(key.secret).key_id == key.id
    assert ring.lookup(key.secret) is None
    with pytest.raises(KeyRevoked):
        ring.load(key.secret)


def test_after_a_rotation_both_secrets_are_known_until_the_grace_ends(
    platform: Platform, ring: KeyRing, clock: FakeClock
) -> None:
    key = create(platform)
    ring.load(key.secret)
    who = as_person(platform, "clerk")
    with platform.database.writing(who.org_id) as work:
        new = platform.keys.rotate(work, who, key.id, Rotation(grace_hours=0.5 / 3600))
    assert ring.lookup(key.secret) is None
    assert ring.load(key.secret).key_id == ring.load(new.secret).key_id == key.id
    clock.move(timedelta(seconds=0.5))
    assert ring.lookup(new.secret) is not None
    assert ring.lookup(key.secret) is None
    with pytest.raises(KeyExpired):
        ring.load(key.secret)


def test_a_key_ends_to_the_moment_it_expires(platform: Platform, ring: KeyRing, clock: FakeClock) -> None:
    key = create(platform, days=1)
    clock.move(timedelta(days=1, seconds=-0.25))
    ring.load(key.secret)
    clock.move(timedelta(seconds=0.25))
    assert ring.lookup(key.secret) is None
    with pytest.raises(KeyExpired):
        ring.load(key.secret)


def test_a_change_of_roles_is_seen_within_the_time(platform: Platform, ring: KeyRing, clock: FakeClock) -> None:
    key = create(platform)
    ring.load(key.secret)
    with platform.database.writing(None) as work:
        work.session.execute(update(PersonRow).where(PersonRow.handle == "clerk").values(roles=["guest"]))
    clock.move(TTL)
    assert ring.load(key.secret).who.roles == ("guest",)


def test_the_key_of_somebody_who_left_is_refused_within_the_time(
    platform: Platform, ring: KeyRing, clock: FakeClock
) -> None:
    key = create(platform)
    ring.load(key.secret)
    with platform.database.writing(None) as work:
        work.session.execute(delete(PersonRow).where(PersonRow.handle == "clerk"))
    clock.move(TTL)
    with pytest.raises(KeyRefused, match="no longer here"):
        ring.load(key.secret)


def test_a_holder_brings_the_decision_with_its_rule(platform: Platform, ring: KeyRing) -> None:
    holder = ring.load(create(platform).secret)
    assert [rule.id for rule in holder.decision.rules] == ["jindou.ask-models"]
    holder.require_allowed()


def test_a_holder_who_may_not_ask_is_refused_by_the_rule(tmp_path: Path) -> None:
    with open_platform(tmp_path, lambda _: "Hello.") as platform:
        key = create(platform)
        holder = KeyRing(platform.database, platform.keys).load(key.secret)
        denied = platform.policy.decide(holder.who, "audit::read", Resource("Organisation", holder.who.org_id), {})
        with pytest.raises(Forbidden) as refused:
            type(holder)(
                holder.who, holder.key_id, holder.models, holder.scopes, holder.assistant, denied, None
            ).require_allowed()
    assert refused.value.rules == ("jindou.default-deny",)


def test_a_scope_that_the_key_lacks_is_refused(platform: Platform, ring: KeyRing) -> None:
    everything = ring.load(create(platform).secret)
    for scope in ("completions", "embeddings", "models"):
        everything.require_scope(scope)
    some = ring.load(create(platform, scopes=["models", "embeddings"], assistant="shelf robot").secret)
    some.require_scope("models")
    with pytest.raises(ScopeNotAllowed, match="not for completions; it is for embeddings, models") as refused:
        some.require_scope("completions")
    assert refused.value.rules == ("jindou.key-scopes",)
    assert some.assistant == "key:shelf robot"


@pytest.mark.parametrize("secret", ["", "sk-other", "jdk_", "jdk_é\udc80", "Bearer x", "jdk_" + "0" * 63])
def test_what_is_no_secret_is_refused_without_the_database(platform: Platform, ring: KeyRing, secret: str) -> None:
    reads = Reads(platform)
    with pytest.raises(KeyRefused):
        ring.load(secret)
    assert reads.count == 0


def test_an_unknown_secret_is_asked_for_once(platform: Platform, ring: KeyRing) -> None:
    secret = "jdk_" + "0" * 64
    with pytest.raises(KeyRefused):
        ring.load(secret)
    reads = Reads(platform)
    for ask in (ring.load, ring.lookup):
        with pytest.raises(KeyRefused):
            ask(secret)
    assert reads.count == 0


def test_a_flood_of_unknown_secrets_pushes_out_no_key(
    platform: Platform, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jindou.identity.keys.ring._MOST_REFUSALS", 10)
    key = create(platform)
    ring.load(key.secret)
    secrets = [f"jdk_{at:064x}" for at in range(30)]
    for secret in secrets:
        with pytest.raises(KeyRefused):
            ring.load(secret)
    assert ring.lookup(key.secret) is not None
    assert ring.lookup(secrets[0]) is None
    with pytest.raises(KeyRefused):
        ring.lookup(secrets[-1])


def test_of_too_many_keys_the_longest_unused_is_asked_for_again(
    platform: Platform, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jindou.identity.keys.ring._MOST_HOLDERS", 2)
    keys = [create(platform) for _ in range(3)]
    for key in keys:
        ring.load(key.secret)
    assert [ring.lookup(key.secret) is None for key in keys] == [True, False, False]


def test_many_who_ask_the_same_at_once_cost_one_question(platform: Platform, ring: KeyRing) -> None:
    key = create(platform)
    ring.load(create(platform).secret)
    reads = Reads(platform)
    ring.load(create(platform).secret)
    one, reads.count = reads.count, 0
    threads = [threading.Thread(target=ring.load, args=(key.secret,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < reads.count < one


def test_the_day_of_use_is_written_off_the_way_once_a_day_for_many(
    platform: Platform, ring: KeyRing, clock: FakeClock
) -> None:
    clerk = as_person(platform, "clerk")
    keys = [create(platform) for _ in range(3)]
    unused = create(platform)
    for _ in range(2):
        for key in keys:
            ring.load(key.secret)
        ring.flush()
        with platform.database.reading(clerk.org_id) as work:
            days = {key.id: key.last_used_on for key in platform.keys.list_keys(work, clerk)}
        assert days == {key.id: clock.now().date() for key in keys} | {unused.id: None}
        clock.move(timedelta(days=1))
    clock.move(timedelta(days=-1))
    reads = Reads(platform)
    ring.flush()
    assert reads.count == 0


def test_a_ring_that_ends_has_written_every_use(platform: Platform, ring: KeyRing, clock: FakeClock) -> None:
    clerk = as_person(platform, "clerk")
    key = create(platform)
    ring.start()
    ring.load(key.secret)
    ring.stop()
    with platform.database.reading(clerk.org_id) as work:
        assert platform.keys.get(work, clerk, key.id).last_used_on == clock.now().date()
