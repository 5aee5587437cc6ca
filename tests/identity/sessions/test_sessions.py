"""A link signs one person in, once; a session ends; the database keeps no secret."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from jindou.assembly import Platform
from jindou.errors import Unauthenticated
from jindou.identity.audit import AuditSearch
from jindou.identity.principals import Principal
from jindou.identity.principals.tables import PersonRow
from jindou.identity.sessions import OPERATOR, SignInLinkExpired, SignInLinkUsed
from support.platform import FakeClock, as_person, open_platform
from support.scripted import refund_script


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(tmp_path: Path, clock: FakeClock) -> Generator[Platform]:
    with open_platform(tmp_path, refund_script("SO-10007", 1.0), clock) as platform:
        yield platform


def link_for(platform: Platform, handle: str) -> str:
    who = as_person(platform, handle)
    with platform.database.writing(None) as work:
        return platform.sessions.create_link(work, who.org_id, who.person_id)


def redeem(platform: Platform, token: str) -> str:
    with platform.database.writing(None) as work:
        return platform.sessions.redeem(work, token)


def whose(platform: Platform, secret: str) -> Principal:
    with platform.database.reading(None) as work:
        return platform.sessions.principal(work, secret)


def test_a_link_signs_its_person_in_once(platform: Platform) -> None:
    token = link_for(platform, "clerk")
    with platform.database.reading(None) as work:
        assert platform.sessions.peek(work, token).handle == "clerk"
        assert platform.sessions.peek(work, token).handle == "clerk", "Looking uses nothing up."
    who = whose(platform, redeem(platform, token))
    assert (who.handle, who.roles, who.actor) == ("clerk", ("clerk",), who.person_id)
    with pytest.raises(SignInLinkUsed):
        redeem(platform, token)


def test_an_old_link_and_one_that_never_was_sign_nobody_in(platform: Platform, clock: FakeClock) -> None:
    token = link_for(platform, "clerk")
    clock.move(timedelta(hours=platform.settings.sign_in_hours))
    for wrong in (token, "", "f" * 64, "汉字", "\ud800"):
        with pytest.raises(SignInLinkExpired):
            redeem(platform, wrong)


def test_a_session_ends_by_time_and_by_hand(platform: Platform, clock: FakeClock) -> None:
    by_time, by_hand = (redeem(platform, link_for(platform, "clerk")) for _ in range(2))
    with platform.database.writing(None) as work:
        platform.sessions.close(work, by_hand)
        platform.sessions.close(work, by_hand)
    with pytest.raises(Unauthenticated):
        whose(platform, by_hand)
    clock.move(timedelta(hours=platform.settings.session_hours) - timedelta(seconds=1))
    assert whose(platform, by_time).handle == "clerk"
    clock.move(timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        whose(platform, by_time)


def test_a_forged_session_is_nobody(platform: Platform) -> None:
    for forged in ("", "0" * 64, "\ud800", "'; DROP TABLE session; --"):
        with pytest.raises(Unauthenticated):
            whose(platform, forged)


def test_a_session_has_the_roles_of_now_and_none_for_who_is_gone(platform: Platform) -> None:
    secret = redeem(platform, link_for(platform, "manager"))
    person_id = whose(platform, secret).person_id
    with platform.database.writing(None) as work:
        work.session.get_one(PersonRow, person_id).roles = []
    assert whose(platform, secret).roles == ()
    with platform.database.writing(None) as work:
        work.session.delete(work.session.get_one(PersonRow, person_id))
    with pytest.raises(Unauthenticated):
        whose(platform, secret)


def test_the_trail_says_that_it_was_the_operator_who_signed_in(platform: Platform) -> None:
    manager = as_person(platform, "manager")
    with platform.database.writing(None) as work:
        secret = platform.sessions.open(work, manager.org_id, manager.person_id, OPERATOR)
    assert whose(platform, secret).actor == "operator"
    with platform.database.reading(manager.org_id) as work:
        newest = platform.audit.search(work, manager, AuditSearch(limit=1))[0]
    assert (newest.action, newest.actor, newest.on_behalf_of) == ("sessions::open", "operator", manager.person_id)


def test_the_database_keeps_hashes_and_never_a_secret(platform: Platform) -> None:
    token = link_for(platform, "clerk")
    secret = redeem(platform, token)
    with platform.database.reading(None) as work:
        rows = [
            *work.session.execute(text("SELECT * FROM session")),
            *work.session.execute(text("SELECT * FROM sign_in_link")),
        ]
    platform.database.close()
    kept = b"".join(path.read_bytes() for path in platform.home.path.glob("jindou.db*"))
    assert len(rows) == 2
    assert token.encode() not in kept
    assert secret.encode() not in kept
