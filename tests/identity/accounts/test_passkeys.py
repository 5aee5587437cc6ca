"""A passkey signs its own person in, at our address, for each challenge once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from account_people import Company

from jindou.errors import NotFound, Unauthenticated
from jindou.identity.accounts import AccountRules
from jindou.identity.accounts.failures import PasskeyInvalid, PasskeyRefused, SignInStale
from jindou.identity.principals import Principal
from jindou.identity.sessions import Arrival, Seat
from support.authenticator import Authenticator

ORIGIN = "http://localhost:8787"


def added(company: Company, who: Principal, device: Authenticator | None = None) -> Authenticator:
    device = device or Authenticator(ORIGIN)
    seat = company.seat(company.come_in(who))
    options, token = company.platform.accounts.ask_to_add_passkey(seat)
    company.platform.accounts.passkeys.add(seat, token, "Phone", device.create(options))
    return device


def enter(company: Company, device: Authenticator) -> Seat:
    passkeys = company.platform.accounts.passkeys
    options, token = passkeys.ask_to_enter()
    return company.seat(passkeys.enter(token, device.sign(options), Arrival()).secret)


def test_a_passkey_signs_its_person_in_and_is_every_factor_in_one(company: Company) -> None:
    device = added(company, company.desk.clerk)
    seat = enter(company, device)
    assert (seat.who.handle, seat.who.actor, seat.method) == ("clerk", seat.who.person_id, "passkey")
    options, _ = company.platform.accounts.passkeys.ask_to_enter()
    assert options["publicKey"]["userVerification"] == "required"
    assert options["publicKey"]["rpId"] == "localhost"
    assert not options["publicKey"].get("allowCredentials"), "Nobody is named, so nobody is told of."
    assert enter(company, device)


def test_a_challenge_is_good_once_for_five_minutes_and_for_the_browser_it_was_given_to(company: Company) -> None:
    device, passkeys = added(company, company.desk.clerk), company.platform.accounts.passkeys
    options, token = passkeys.ask_to_enter()
    signed = device.sign(options)
    others, others_token = passkeys.ask_to_enter()
    for wrong_token, answer in ((others_token, signed), ("", signed), ("f" * 64, signed), ("\ud800", signed)):
        with pytest.raises(PasskeyRefused):
            passkeys.enter(wrong_token, answer, Arrival())
    assert passkeys.enter(token, signed, Arrival())
    with pytest.raises(PasskeyRefused):
        passkeys.enter(token, signed, Arrival())
    with pytest.raises(PasskeyRefused):
        passkeys.enter(others_token, device.sign(others), Arrival())
    options, token = passkeys.ask_to_enter()
    company.wait(minutes=5)
    with pytest.raises(PasskeyRefused):
        passkeys.enter(token, device.sign(options), Arrival())


def test_of_many_at_once_with_the_same_answer_one_gets_in(on_both: Company) -> None:
    device, passkeys = added(on_both, on_both.desk.clerk), on_both.platform.accounts.passkeys
    options, token = passkeys.ask_to_enter()
    signed = device.sign(options)

    def give(_: int) -> bool:
        try:
            passkeys.enter(token, signed, Arrival())
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(give, range(4))) == 1


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("origin", "http://localhost:8788"),
        ("origin", "https://localhost:8787"),
        ("origin", "http://localhost:8787.example.com"),
        ("rp_id", "example.com"),
        ("verified", False),
        ("cross_origin", True),
        ("user_handle", b"prs_somebody_else"),
        ("id", b"another id"),
    ],
)
def test_an_answer_that_is_not_of_our_page_and_our_person_is_refused(
    company: Company, what: str, value: object
) -> None:
    device = added(company, company.desk.clerk)
    setattr(device, what, value)
    with pytest.raises(PasskeyRefused):
        enter(company, device)
    if what not in {"user_handle", "id"}:
        wrong = Authenticator(ORIGIN)
        setattr(wrong, what, value)
        with pytest.raises(PasskeyInvalid):
            added(company, company.desk.clerk, wrong)


def test_a_copy_that_counts_less_is_refused_and_the_trail_tells_of_it(company: Company) -> None:
    device = Authenticator(ORIGIN)
    device.counter = 3
    added(company, company.desk.clerk, device)
    for counter, is_good in ((4, True), (4, False), (0, False), (9, True), (5, False)):
        device.counter = counter
        if is_good:
            assert enter(company, device)
        else:
            with pytest.raises(PasskeyRefused):
                enter(company, device)
    assert [event[0] for event in company.trail()].count("accounts::passkey-copied") == 3


def test_one_person_adds_no_passkey_with_the_challenge_of_another_nor_one_that_is_somebodys(company: Company) -> None:
    passkeys, accounts = company.platform.accounts.passkeys, company.platform.accounts
    clerks, managers = (company.seat(company.come_in(who)) for who in (company.desk.clerk, company.desk.manager))
    options, token = accounts.ask_to_add_passkey(clerks)
    with pytest.raises(PasskeyInvalid):
        passkeys.add(managers, token, "Phone", Authenticator(ORIGIN).create(options))
    sign_in, sign_in_token = passkeys.ask_to_enter()
    sign_in["publicKey"]["user"] = options["publicKey"]["user"]
    with pytest.raises(PasskeyInvalid):
        passkeys.add(clerks, sign_in_token, "Phone", Authenticator(ORIGIN).create(sign_in))
    device = added(company, company.desk.clerk)
    with pytest.raises(PasskeyInvalid):
        added(company, company.desk.manager, device)
    excluded = accounts.ask_to_add_passkey(clerks)[0]["publicKey"]["excludeCredentials"]
    assert len(excluded) == 1


def test_a_passkey_is_added_in_a_recent_session_of_ones_own_and_removed_by_its_owner_alone(company: Company) -> None:
    accounts, clerk, manager = company.platform.accounts, company.desk.clerk, company.desk.manager
    session = company.come_in(clerk)
    for secret in (company.be_let_in(clerk), session):
        if secret == session:
            company.wait(minutes=10)
        with pytest.raises(SignInStale):
            accounts.ask_to_add_passkey(company.seat(secret))
    device = added(company, clerk)
    with company.platform.database.writing(clerk.org_id) as work:
        (mine,) = accounts.mine(work, clerk).passkeys
        with pytest.raises(NotFound):
            accounts.passkeys.remove(work, manager, mine.id)
        accounts.passkeys.remove(work, clerk, mine.id)
    with pytest.raises(PasskeyRefused):
        enter(company, device)


def test_a_passkey_goes_with_whoever_is_reset_or_deactivated(company: Company) -> None:
    manager, platform = company.desk.manager, company.platform
    for who, end in (
        (company.desk.clerk, platform.accounts.reset),
        (company.desk.warehouse, platform.directory.people.deactivate),
    ):
        device = added(company, who)
        with platform.database.writing(manager.org_id) as work:
            end(work, manager, who.person_id)
        with pytest.raises(PasskeyRefused):
            enter(company, device)


def test_where_a_second_factor_is_required_a_passkey_is_enough_and_a_link_adds_none_beside_it(company: Company) -> None:
    platform, clerk = company.platform, company.desk.clerk
    mine = added(company, company.desk.manager)
    device = added(company, clerk)
    seat = enter(company, mine)
    with platform.database.writing(clerk.org_id) as work:
        platform.accounts.set_rules(work, seat, AccountRules(second_factor=True))
    assert not enter(company, device).must_enrol
    came = company.by_link(clerk)
    weak = company.seat(getattr(came, "secret", ""))
    assert weak.must_enrol
    for begin in (platform.accounts.ask_to_add_passkey, platform.accounts.begin_totp):
        with pytest.raises(SignInStale):
            begin(weak)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": "x", "rawId": "x", "type": "public-key", "response": {}},
        {"id": 1, "rawId": [], "type": None, "response": "no"},
        {
            "rawId": "AAAA",
            "id": "AAAA",
            "type": "public-key",
            "response": {"clientDataJSON": "AA", "authenticatorData": "AA"},
        },
        {"rawId": "\ud800", "id": "\ud800", "response": {"clientDataJSON": "e30", "attestationObject": "_w"}},
    ],
)
def test_what_is_no_answer_at_all_is_refused(company: Company, answer: dict[str, Any]) -> None:
    passkeys = company.platform.accounts.passkeys
    seat = company.seat(company.come_in(company.desk.clerk))
    with pytest.raises(PasskeyRefused):
        passkeys.enter(passkeys.ask_to_enter()[1], answer, Arrival())
    with pytest.raises(PasskeyInvalid):
        passkeys.add(seat, company.platform.accounts.ask_to_add_passkey(seat)[1], "x", answer)
