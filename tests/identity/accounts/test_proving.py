"""In a session that has lasted, its person proves again who they are before what changes who comes in."""

from collections.abc import Callable

import pytest
from account_people import GOOD, OTHER, Company
from test_passkeys import ORIGIN, added

from jindou.errors import JindouError
from jindou.identity.accounts import AccountRules, Proof
from jindou.identity.accounts.failures import (
    CodeWrong,
    PasskeyRefused,
    PasswordWrong,
    SecondFactorMissing,
    SignInStale,
    SignInThrottled,
)
from support.authenticator import Authenticator


def prove(company: Company, secret: str, **given: str) -> None:
    company.platform.accounts.proving.prove(company.seat(secret), Proof.model_validate(given))


def by_passkey(company: Company, secret: str, device: Authenticator) -> None:
    proving, seat = company.platform.accounts.proving, company.seat(secret)
    options, token = proving.ask_for_passkey(seat)
    proving.prove_by_passkey(seat, token, device.sign(options))


def changes(company: Company, secret: str) -> list[Callable[[], object]]:
    """Return what takes a proof, of one's own and of the organisation's."""
    accounts, org_id = company.platform.accounts, company.desk.clerk.org_id

    def in_a_work(of: Callable[..., object], *what: object) -> Callable[[], object]:
        def go() -> object:
            with company.platform.database.writing(org_id) as work:
                return of(work, company.seat(secret), *what)

        return go

    return [
        lambda: company.set(secret),
        lambda: accounts.begin_totp(company.seat(secret)),
        lambda: accounts.ask_to_add_passkey(company.seat(secret)),
        in_a_work(accounts.remove_totp),
        in_a_work(accounts.renew_codes),
        in_a_work(accounts.remove_passkey, "psk_1"),
        in_a_work(accounts.set_rules, AccountRules(second_factor=False)),
    ]


def stale(company: Company, secret: str) -> list[bool]:
    """Say of each change whether it takes a proof now."""

    def is_stale(change: Callable[[], object]) -> bool:
        try:
            change()
        except SignInStale:
            return True
        except JindouError:
            return False
        return False

    return [is_stale(change) for change in changes(company, secret)]


def test_every_change_takes_a_proof_of_the_last_ten_minutes_in_that_session(company: Company) -> None:
    manager = company.desk.manager
    mine = company.come_in(manager)
    company.set(mine)
    company.wait(minutes=9, seconds=59)
    assert not any(stale(company, mine)[1:])
    company.wait(seconds=1)
    assert all(stale(company, mine))
    other = company.come_in(manager)
    company.wait(minutes=10)
    prove(company, mine, password=GOOD)
    assert all(stale(company, other)), "A proof is of its own session."
    assert not any(stale(company, mine)[1:])
    company.wait(minutes=10)
    assert all(stale(company, mine))


def test_the_operator_looks_after_the_organisation_and_after_nobodys_own_proofs(company: Company) -> None:
    company.set(company.come_in(company.desk.manager))
    operators = company.be_let_in(company.desk.manager)
    company.wait(minutes=30)
    assert stale(company, operators) == [True] * 6 + [False]
    with pytest.raises(SignInStale):
        prove(company, operators, password=GOOD)
    with pytest.raises(SignInStale):
        company.platform.accounts.proving.ask_for_passkey(company.seat(operators))


def test_where_there_is_an_authenticator_a_password_is_no_proof(company: Company) -> None:
    mine = company.come_in(company.desk.clerk)
    company.set(mine)
    key, codes = company.enrol(mine)
    company.wait(minutes=10)
    with pytest.raises(SecondFactorMissing):
        prove(company, mine, password=GOOD)
    with pytest.raises(CodeWrong):
        prove(company, mine, code="000000")
    code = company.code(key)
    prove(company, mine, code=code)
    company.wait(minutes=10)
    for used in (code, codes[0]):
        if used == codes[0]:
            prove(company, mine, code=used)
            company.wait(minutes=10)
        with pytest.raises(CodeWrong):
            prove(company, mine, code=used)
    assert all(stale(company, mine)[:6])


def test_guesses_are_slowed_down_and_in_the_trail(company: Company) -> None:
    mine = company.come_in(company.desk.clerk)
    company.set(mine)
    for kind, wrong, error in (("password", OTHER, PasswordWrong), ("code", "000000", CodeWrong)):
        for _ in range(5):
            with pytest.raises(error):
                prove(company, mine, **{kind: wrong})
        with pytest.raises(SignInThrottled):
            prove(company, mine, **{kind: wrong})
    company.wait(minutes=15)
    prove(company, mine, password=GOOD)
    told = [(decision, actor) for action, decision, actor, _ in company.trail() if action == "accounts::prove"]
    assert told == [("deny", company.desk.clerk.person_id)] * 10 + [("allow", company.desk.clerk.person_id)]


def test_a_passkey_of_ones_own_is_a_proof_and_anybody_elses_is_none(company: Company) -> None:
    device, managers = added(company, company.desk.clerk), added(company, company.desk.manager)
    mine, proving = company.come_in(company.desk.clerk), company.platform.accounts.proving
    company.wait(minutes=10)
    for wrong in (managers, Authenticator(ORIGIN)):
        with pytest.raises(PasskeyRefused):
            by_passkey(company, mine, wrong)
    options, token = proving.ask_for_passkey(company.seat(mine))
    assert [bool(one["id"]) for one in options["publicKey"]["allowCredentials"]] == [True]
    theirs = company.seat(company.come_in(company.desk.manager))
    with pytest.raises(PasskeyRefused):
        proving.prove_by_passkey(theirs, token, device.sign(options))
    sign_in, sign_in_token = company.platform.accounts.passkeys.ask_to_enter()
    with pytest.raises(PasskeyRefused):
        proving.prove_by_passkey(company.seat(mine), sign_in_token, device.sign(sign_in))
    assert stale(company, mine)[1]
    by_passkey(company, mine, device)
    assert not stale(company, mine)[1]


def test_whoever_must_use_a_second_factor_and_has_a_passkey_goes_on_by_it(company: Company) -> None:
    clerk, platform = company.desk.clerk, company.platform
    device = added(company, clerk)
    added(company, company.desk.manager)
    managers = company.seat(company.come_in(company.desk.manager))
    with platform.database.writing(clerk.org_id) as work:
        platform.accounts.set_rules(work, managers, AccountRules(second_factor=True))
    weak = getattr(company.by_link(clerk), "secret", "")
    assert stale(company, weak)[1]
    by_passkey(company, weak, device)
    assert not company.seat(weak).must_enrol
    assert not stale(company, weak)[1]
