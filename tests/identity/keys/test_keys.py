from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from jindou.assembly import Platform
from jindou.errors import Conflict, Forbidden, NotFound
from jindou.identity.keys import KeyAsk, KeyExpired, KeyHolder, KeyRefused, KeyRevoked, NewKey, Rotation
from jindou.identity.keys.failures import NoSuchModel
from jindou.identity.principals.tables import PersonRow
from support.platform import FakeClock, as_person, open_platform


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(tmp_path: Path, clock: FakeClock) -> Iterator[Platform]:
    with open_platform(tmp_path, lambda _: "Hello.", clock) as platform:
        yield platform


def create(platform: Platform, handle: str = "clerk", **asked: object) -> NewKey:
    who = as_person(platform, handle)
    with platform.database.writing(who.org_id) as work:
        return platform.keys.create(work, who, KeyAsk.model_validate({"name": "my program"} | asked))


def holder(platform: Platform, secret: str) -> KeyHolder:
    with platform.database.reading(None) as work:
        return platform.keys.holder(work, secret)


def test_a_key_speaks_for_its_person_and_its_secret_is_nowhere_at_rest(platform: Platform, tmp_path: Path) -> None:
    key = create(platform)
    assert key.secret.startswith("jdk_")
    assert len(key.secret) == 4 + 64
    assert holder(platform, key.secret).who == as_person(platform, "clerk")
    platform.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key.prefix.encode() in kept
    assert key.secret.encode() not in kept
    assert key.secret.removeprefix("jdk_").encode() not in kept


def test_a_key_acts_with_the_roles_its_person_has_now(platform: Platform) -> None:
    key = create(platform)
    with platform.database.writing(None) as work:
        work.session.execute(update(PersonRow).where(PersonRow.handle == "clerk").values(roles=["guest"]))
    assert holder(platform, key.secret).who.roles == ("guest",)


@pytest.mark.parametrize("secret", ["", "jdk_", "jdk_" + "0" * 64, "jdk_é\udc80", "Bearer x"])
def test_an_unknown_secret_speaks_for_nobody(platform: Platform, secret: str) -> None:
    create(platform)
    with pytest.raises(KeyRefused):
        holder(platform, secret)


def test_a_key_is_good_until_its_last_day(platform: Platform, clock: FakeClock) -> None:
    key = create(platform, days=2)
    clock.move(timedelta(days=2, seconds=-1))
    holder(platform, key.secret)
    clock.move(timedelta(seconds=1))
    with pytest.raises(KeyExpired):
        holder(platform, key.secret)


def test_a_revoked_key_is_refused_at_once_and_for_good(platform: Platform) -> None:
    key = create(platform)
    clerk = as_person(platform, "clerk")
    for _ in range(2):
        with platform.database.writing(clerk.org_id) as work:
            assert platform.keys.revoke(work, clerk, key.id).status == "revoked"
    with pytest.raises(KeyRevoked):
        holder(platform, key.secret)
    with pytest.raises(Conflict), platform.database.writing(clerk.org_id) as work:
        platform.keys.rotate(work, clerk, key.id, Rotation())


def test_after_a_rotation_the_old_secret_is_good_for_its_grace_only(platform: Platform, clock: FakeClock) -> None:
    key = create(platform)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        new = platform.keys.rotate(work, clerk, key.id, Rotation(grace_hours=1))
    assert new.id == key.id
    assert holder(platform, key.secret).key_id == holder(platform, new.secret).key_id == key.id
    clock.move(timedelta(hours=1))
    with pytest.raises(KeyExpired):
        holder(platform, key.secret)
    holder(platform, new.secret)


def test_without_a_grace_the_old_secret_ends_with_the_rotation(platform: Platform) -> None:
    key = create(platform)
    clerk = as_person(platform, "clerk")
    with platform.database.writing(clerk.org_id) as work:
        platform.keys.rotate(work, clerk, key.id, Rotation(grace_hours=0))
    with pytest.raises(KeyExpired):
        holder(platform, key.secret)


def test_nobody_manages_the_key_of_another_person(platform: Platform) -> None:
    key = create(platform)
    manager = as_person(platform, "manager")
    with platform.database.writing(manager.org_id) as work:
        assert platform.keys.list_keys(work, manager) == []
        for verb in (platform.keys.get, platform.keys.revoke):
            with pytest.raises(Forbidden) as refused:
                verb(work, manager, key.id)
            assert refused.value.rules == ("jindou.only-own-keys",)
        with pytest.raises(Forbidden):
            platform.keys.rotate(work, manager, key.id, Rotation())


def test_a_key_of_another_organisation_does_not_exist(platform: Platform) -> None:
    key = create(platform)
    stranger = as_person(platform, "clerk").model_copy(update={"org_id": "org_other"})
    with platform.database.reading(stranger.org_id) as work, pytest.raises(NotFound):
        platform.keys.get(work, stranger, key.id)


def test_what_is_done_to_a_key_is_in_the_audit_trail_without_its_secret(platform: Platform) -> None:
    key = create(platform)
    clerk, manager = as_person(platform, "clerk"), as_person(platform, "manager")
    with platform.database.writing(clerk.org_id) as work:
        new = platform.keys.rotate(work, clerk, key.id, Rotation())
        platform.keys.revoke(work, clerk, key.id)
    with platform.database.reading(manager.org_id) as work:
        events = platform.audit.search(work, manager)
        assert platform.audit.verify(work, manager).ok
    assert [event.action for event in events[:3]] == ["keys::revoke", "keys::rotate", "keys::create"]
    assert all(event.rules == ["jindou.own-keys"] and event.resource == key.id for event in events[:3])
    told = "".join(event.model_dump_json() for event in events)
    assert key.secret not in told
    assert new.secret not in told


def test_the_day_of_the_last_use_is_kept(platform: Platform, clock: FakeClock) -> None:
    key = create(platform)
    clerk = as_person(platform, "clerk")
    clock.move(timedelta(days=3))
    with platform.database.writing(clerk.org_id) as work:
        platform.keys.note_use(work, [key.id])
        assert platform.keys.get(work, clerk, key.id).last_used_on == clock.now().date()


@pytest.mark.parametrize(
    "asked", [{"name": " "}, {"name": "a\nb"}, {"name": "x" * 81}, {"days": 0}, {"models": []}, {"models": [" "]}]
)
def test_a_key_that_makes_no_sense_is_not_made(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KeyAsk.model_validate({"name": "fine"} | asked)


def test_somebody_signed_in_is_bound_by_their_rights_and_by_no_key(platform: Platform) -> None:
    who = as_person(platform, "clerk")
    held = platform.keys.holder_of(who)
    held.require_allowed()
    held.require_scope("completions")
    assert (held.who, held.key_id, held.good_until, held.may_use("anything")) == (who, "", None, True)


def test_models_that_there_are_not_are_named_once_and_not_all_of_them() -> None:
    error = NoSuchModel(["nope", "nope"], [])
    assert error.message == "There is no model `nope` here; there is none."
    error = NoSuchModel([f"{at:0120}" for at in range(100)], [f"model-{at}" for at in range(21)])
    assert " and 80 more here; there is `model-0`, " in error.message
    assert error.message.endswith("`model-19` and 1 more.")
    assert len(str(error.params)) < 4000
