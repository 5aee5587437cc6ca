"""A password is its owner's alone: nobody reads it, guesses it, or learns whether there is one."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from account_people import GOOD, OTHER, Company
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import select

from jindou.errors import Forbidden, JindouError, NotFound, Unauthenticated
from jindou.identity.accounts import Code, NewPassword
from jindou.identity.accounts.failures import (
    PasswordWeak,
    PasswordWrong,
    SignInExpired,
    SignInRefused,
    SignInStale,
    SignInThrottled,
)
from jindou.identity.accounts.passwords import Hasher, accepted
from jindou.identity.accounts.tables import PasswordRow
from jindou.identity.sessions import Arrival
from support.authenticator import Authenticator


def test_a_password_set_through_a_link_signs_its_owner_in_and_nobody_else(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    seat = company.seat(company.enter("clerk").secret)
    assert (seat.who.handle, seat.who.actor, seat.method) == ("clerk", seat.who.person_id, "password")
    for person, password in (("clerk", OTHER), ("manager", GOOD), ("nobody", GOOD), ("Clerk", GOOD), ("", GOOD)):
        with pytest.raises((SignInRefused, ValueError)):
            company.enter(person, password)
    refused = [event for event in company.trail() if event[1] == "deny"]
    manager = company.desk.manager.person_id
    assert [event[3] for event in refused] == [seat.who.person_id, manager, "", ""]
    assert {event[2] for event in refused} == {"nobody"}


def test_a_name_may_say_its_organisation_and_another_one_has_nobody_by_it(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    org_id = company.desk.clerk.org_id
    assert company.seat(company.enter(f"{org_id}/clerk").secret).who.handle == "clerk"
    for name in ("org_none/clerk", "/clerk", f"{org_id}/", "a/b/c/clerk"):
        with pytest.raises(SignInRefused):
            company.enter(name)


def test_a_look_alike_is_somebody_else(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    for name in ("сlerk", "c1erk", "clerk\u200b", "CLERK"):
        with pytest.raises(SignInRefused):
            company.enter(name)
    assert company.enter("ｃlerk").secret, "NFKC makes the same of a wide letter, as it does of a handle."


def test_a_change_takes_the_old_one_and_ends_every_other_session_and_link(company: Company) -> None:
    first = company.come_in(company.desk.clerk)
    company.set(first)
    second = company.enter("clerk").secret
    with company.platform.database.writing(None) as work:
        link = company.platform.sessions.create_link(work, company.desk.clerk.org_id, company.desk.clerk.person_id)
    with pytest.raises(PasswordWrong):
        company.set(second, OTHER, old=OTHER)
    company.set(second, OTHER, old=GOOD)
    assert company.seat(second).who.handle == "clerk"
    with pytest.raises(Unauthenticated):
        company.seat(first)
    with pytest.raises(Unauthenticated), company.platform.database.writing(None) as work:
        company.platform.sessions.redeem(work, link)
    with pytest.raises(SignInRefused):
        company.enter("clerk", GOOD)
    assert company.enter("clerk", OTHER)


def test_without_the_old_one_a_session_is_too_old_after_ten_minutes_and_the_operators_always(company: Company) -> None:
    session, operators = company.come_in(company.desk.clerk), company.be_let_in(company.desk.clerk)
    with pytest.raises(SignInStale):
        company.set(operators)
    company.desk.clock.move(timedelta(minutes=10))
    with pytest.raises(SignInStale):
        company.set(session)


def test_whoever_took_a_session_over_can_not_guess_the_password_in_it(company: Company) -> None:
    session = company.come_in(company.desk.clerk)
    company.set(session)
    for _ in range(5):
        with pytest.raises(PasswordWrong):
            company.set(session, OTHER, old="a wrong one")
    with pytest.raises(SignInThrottled):
        company.set(session, OTHER, old=GOOD)


def test_five_tries_are_free_and_then_each_waits_twice_as_long(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    for name in ("clerk", "ghost"):
        waits: list[float] = []
        for _ in range(9):
            with pytest.raises(SignInRefused):
                company.enter(name, OTHER)
            try:
                company.enter(name, OTHER)
            except SignInThrottled as wait:
                waits.append(wait.retry_after)
                company.desk.clock.move(timedelta(seconds=wait.retry_after))
            except SignInRefused:
                continue
        assert waits == [1, 2, 4, 8, 16, 32, 64], "Somebody and nobody wait as long."
    company.desk.clock.move(timedelta(hours=1))
    assert company.enter("clerk")


def test_a_stranger_who_guesses_can_not_lock_out_a_browser_that_is_known(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    company.set(company.come_in(company.desk.manager), OTHER)
    known, others = company.enter("clerk").device, company.enter("manager", OTHER).device
    for _ in range(5):
        with pytest.raises(SignInRefused):
            company.enter("clerk", OTHER, device=others)
    for device in ("", "forged", others):
        with pytest.raises(SignInThrottled):
            company.enter("clerk", device=device)
    assert company.enter("clerk", device=known).device == known
    company.desk.clock.move(timedelta(days=180))
    assert company.enter("clerk", device=known).device != known


def test_a_source_that_tries_many_names_is_slowed_down_and_this_machine_is_not(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    for number in range(30):
        with pytest.raises(SignInRefused):
            company.enter(f"name{number}", address=f"2001:db8::{number}")
    with pytest.raises(SignInThrottled):
        company.enter("clerk", address="2001:db8::ffff")
    assert company.enter("clerk", address="2001:db8:0:1::1")
    for number in range(30):
        with pytest.raises(SignInRefused):
            company.enter(f"mapped{number}", address="::ffff:198.51.100.7")
    with pytest.raises(SignInThrottled):
        company.enter("warehouse", address="198.51.100.7")
    with pytest.raises(SignInRefused):
        company.enter("warehouse", address="::ffff:198.51.100.8")
    for number in range(31):
        with pytest.raises(SignInRefused):
            company.enter(f"name{number}x", address="127.0.0.1")


def test_many_at_once_have_no_more_tries_than_one_after_the_other(on_both: Company) -> None:
    def guess(_: int) -> type[JindouError]:
        try:
            on_both.enter("clerk", OTHER)
        except JindouError as error:
            return type(error)
        raise AssertionError

    on_both.set(on_both.come_in(on_both.desk.clerk))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guess, range(16)))
    assert (found.count(SignInRefused), found.count(SignInThrottled)) == (5, 11)
    assert [event[1] for event in on_both.trail()].count("deny") == 5


def test_whoever_comes_while_many_others_try_is_told_to_come_again_and_takes_no_thread(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.set(company.come_in(company.desk.clerk))
    goes_on, there = threading.Event(), threading.Semaphore(0)
    matches = Hasher.matches

    def wait(hasher: Hasher, hashed: str, password: SecretStr) -> bool:
        there.release()
        assert goes_on.wait(60)
        return matches(hasher, hashed, password)

    def guess(n: int) -> str:
        with pytest.raises(JindouError) as refused:
            company.enter(f"nobody-{n}", "wrong")
        return refused.value.code

    monkeypatch.setattr(Hasher, "matches", wait)
    with ThreadPoolExecutor(12) as pool:
        guesses = pool.map(guess, range(12))
        for _ in range(12):
            assert there.acquire(timeout=60)
        with pytest.raises(SignInThrottled):
            company.enter("clerk")
        goes_on.set()
        assert set(guesses) == {"sign_in_refused"}
    assert company.enter("clerk").person_id == company.desk.clerk.person_id


def test_a_password_goes_with_whoever_is_reset_or_deactivated(company: Company) -> None:
    manager, platform = company.desk.manager, company.platform
    for handle, end in (("clerk", platform.accounts.reset), ("warehouse", platform.directory.people.deactivate)):
        who = company.desk.clerk if handle == "clerk" else company.desk.warehouse
        session = company.come_in(who)
        company.set(session)
        with platform.database.writing(manager.org_id) as work:
            end(work, manager, who.person_id)
        with pytest.raises(Unauthenticated):
            company.seat(session)
        with pytest.raises(SignInRefused):
            company.enter(handle)
        with platform.database.reading(manager.org_id) as work:
            assert work.session.get(PasswordRow, who.person_id) is None
    assert ("accounts::reset", "allow", manager.person_id, company.desk.clerk.person_id) in company.trail()


def test_what_a_session_was_about_to_add_as_it_was_reset_is_not_added(company: Company) -> None:
    accounts, clerk, manager = company.platform.accounts, company.desk.clerk, company.desk.manager
    seat = company.seat(company.come_in(clerk))
    device = Authenticator("http://localhost:8787")
    options, token = accounts.ask_to_add_passkey(seat)
    made = device.create(options)
    key = base64.b32decode(accounts.begin_totp(seat).secret)
    with company.platform.database.writing(manager.org_id) as work:
        company.platform.sessions.close_all(work, clerk.person_id)
    late = (
        lambda: accounts.change_password(seat, NewPassword(new=SecretStr(GOOD))),
        lambda: accounts.confirm_totp(seat, Code(code=SecretStr(company.code(key)))),
        lambda: accounts.passkeys.add(seat, token, "Phone", made),
    )
    for way in late:
        with pytest.raises(Unauthenticated):
            way()
    with company.platform.database.reading(clerk.org_id) as work:
        mine = accounts.mine(work, clerk)
    assert (mine.password_set_at, mine.totp_since, mine.passkeys) == (None, None, [])


def test_a_new_password_ends_what_the_old_one_began(company: Company) -> None:
    session = company.come_in(company.desk.clerk)
    company.set(session)
    key, _ = company.enrol(session)
    waiting = company.by_password("clerk")
    company.set(session, OTHER, GOOD)
    company.wait(minutes=1)
    with pytest.raises(SignInExpired):
        company.finish(waiting, company.code(key))


def test_of_many_who_come_by_one_link_at_once_one_gets_in(on_both: Company) -> None:
    clerk, platform = on_both.desk.clerk, on_both.platform
    with platform.database.writing(None) as work:
        token = platform.sessions.create_link(work, clerk.org_id, clerk.person_id)

    def come(_: int) -> bool:
        try:
            platform.accounts.signing_in.come_by_link(token, Arrival())
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(8))) == 1


def test_only_an_administrator_lists_and_resets_and_only_in_their_organisation(company: Company) -> None:
    platform, clerk, manager = company.platform, company.desk.clerk, company.desk.manager
    with platform.database.writing(clerk.org_id) as work:
        with pytest.raises(Forbidden):
            platform.accounts.reset(work, clerk, manager.person_id)
        with pytest.raises(Forbidden):
            platform.accounts.list_accounts(work, clerk)
        listed = platform.accounts.list_accounts(work, manager)
        assert [one.handle for one in listed] == ["clerk", "warehouse", "manager", "finance"]
    with platform.database.writing("org_others") as work, pytest.raises(NotFound):
        platform.accounts.reset(work, manager, clerk.person_id)


def test_an_old_hash_is_renewed_when_its_owner_signs_in_and_a_damaged_one_opens_nothing(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)

    def hashed(new: str | None = None) -> str:
        with company.platform.database.writing(None) as work:
            row = work.session.scalars(select(PasswordRow)).one()
            row.hashed = new or row.hashed
            return row.hashed

    assert hashed().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    hashed(weak)
    assert company.enter("clerk")
    assert hashed().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    hashed("$argon2id$nonsense")
    with pytest.raises(SignInRefused):
        company.enter("clerk")


def test_the_database_keeps_no_password_and_no_token_of_a_browser(company: Company) -> None:
    company.set(company.come_in(company.desk.clerk))
    device = company.enter("clerk").device
    company.platform.database.close()
    kept = b"".join(path.read_bytes() for path in company.platform.home.path.rglob("*") if path.is_file())
    assert GOOD.encode() not in kept
    assert device.encode() not in kept


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short one", "length"),
        ("a" * 257, "length"),
        ("abababababab", "variety"),
        ("Password2026!!", "uncommon"),
        ("p4ssw0rd-p4ssw0rd", "uncommon"),
        ("1234567890abcdef", "uncommon"),
        ("qwertyuiop[]12", "uncommon"),
        ("clerk.Lena.Vogel", "uncommon"),
        ("SomersaultLamps26", "uncommon"),
        ("nul\0 is no letter of a text", "text"),
        ("half \ud800 of a pair, and more", "text"),
    ],
)
def test_a_password_that_others_would_try_is_refused(password: str, rule: str) -> None:
    with pytest.raises(PasswordWeak) as refused:
        accepted(SecretStr(password), ("clerk", "Lena Vogel", "Somersault Lamps · 筋斗灯饰"))
    assert (refused.value.field, refused.value.rule) == ("new", rule)
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", [GOOD, "correct bakery moth 71", "灯塔下面有七只蓝色的猫在等船", "x9$Kq!2vLm@w"])
def test_a_password_that_is_ones_own_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert accepted(SecretStr(password), ("clerk",)).get_secret_value() == password


def test_letters_that_unicode_takes_for_the_same_are_the_same() -> None:
    hasher = Hasher()
    hashed = hasher.hash(accepted(SecretStr("ｌanterns over the quiet harbour é"), ()))
    assert hasher.matches(hashed, SecretStr("lanterns over the quiet harbour e\u0301"))
    assert not hasher.matches("", SecretStr(GOOD))
