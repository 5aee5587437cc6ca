"""A second factor: each code once, from one authenticator, after one first proof, and never for somebody else."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from account_people import GOOD, OTHER, Company
from sqlalchemy import select

from jindou.cloud.secrets.failures import SecretDamaged
from jindou.errors import Forbidden, JindouError, Unauthenticated
from jindou.identity.accounts import AccountRules, Code, Credentials, Entered, Visit, Waiting
from jindou.identity.accounts.failures import (
    CodeWrong,
    NoSecondFactor,
    SecondFactorMissing,
    SecondFactorNeeded,
    SignInExpired,
    SignInRefused,
    SignInStale,
    SignInThrottled,
)
from jindou.identity.accounts.tables import PendingRow, RecoveryRow, TotpRow
from jindou.identity.accounts.totp import code_at, matching_step, step_of
from jindou.identity.principals import Principal
from jindou.identity.sessions import Arrival


def with_both(company: Company, who: Principal, password: str = GOOD) -> tuple[bytes, list[str]]:
    session = company.come_in(who)
    company.set(session, password)
    made = company.enrol(session)
    company.wait(seconds=30)
    return made


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_at(b"12345678901234567890", step_of(moment)) == code[-6:], (
        "RFC 6238, appendix B; six of its eight digits."
    )


def test_a_code_is_good_in_its_own_step_and_in_those_beside_it(company: Company) -> None:
    key, now = b"k" * 20, company.desk.clock.now()
    for steps in range(-3, 4):
        found = matching_step(key, code_at(key, step_of(now) + steps), now)
        assert (found is not None) is (abs(steps) <= 1)
    for wrong in ("", "١٢٣٤٥٦", "\ud800", "0" * 64):
        assert matching_step(key, wrong, now) is None


def test_with_an_authenticator_neither_a_password_nor_a_link_is_enough(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    waiting = company.by_password("clerk")
    with pytest.raises(Unauthenticated):
        company.seat(waiting.token)
    with pytest.raises(CodeWrong):
        company.finish(waiting, "000000")
    seat = company.seat(company.finish(waiting, company.code(key)).secret)
    assert (seat.who.handle, seat.method, seat.must_enrol) == ("clerk", "password", False)
    company.wait(seconds=30)
    by_link = company.by_link(company.desk.clerk)
    assert isinstance(by_link, Waiting)
    assert (
        company.seat(company.finish(by_link, f"{company.code(key)[:3]} {company.code(key)[3:]}").secret).method
        == "link"
    )
    with company.platform.database.reading(company.desk.clerk.org_id) as work:
        listed = company.platform.sessions.list_sessions(work, company.desk.clerk)
    assert [one.factors for one in listed[:2]] == [["totp"], ["password", "totp"]]


def test_a_code_is_taken_once_and_none_that_is_older_after_it(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    code, before = company.code(key), company.code(key, -1)
    assert company.finish(company.by_password("clerk"), code)
    for replayed in (code, before):
        with pytest.raises(CodeWrong):
            company.finish(company.by_password("clerk"), replayed)
    assert company.finish(company.by_password("clerk"), company.code(key, 1))


def test_the_code_that_confirmed_an_authenticator_signs_nobody_in(company: Company) -> None:
    session = company.come_in(company.desk.clerk)
    company.set(session)
    key, _ = company.enrol(session)
    with pytest.raises(CodeWrong):
        company.finish(company.by_password("clerk"), company.code(key))


def test_of_many_at_once_with_the_same_code_one_gets_in(on_both: Company) -> None:
    key, recovery = with_both(on_both, on_both.desk.clerk)
    for code in (on_both.code(key), recovery[0]):
        first = [on_both.by_password("clerk") for _ in range(4)]

        def give(waiting: Waiting, code: str = code) -> type[JindouError] | None:
            try:
                on_both.finish(waiting, code)
            except JindouError as error:
                return type(error)
            return None

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(give, first))
        assert found.count(None) == 1
        assert {*found} <= {None, CodeWrong, SignInThrottled}
    assert on_both.trail()


def test_of_many_at_once_after_the_same_first_proof_one_gets_in(on_both: Company) -> None:
    _, recovery = with_both(on_both, on_both.desk.clerk)
    waiting = on_both.by_password("clerk")

    def give(code: str) -> bool:
        try:
            on_both.finish(waiting, code)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(give, recovery[:4])) == 1
    with on_both.platform.database.reading(None) as work:
        assert len(work.session.scalars(select(RecoveryRow)).all()) == 9, (
            "Only the code that let somebody in is used up."
        )


def test_each_recovery_code_lets_in_once_however_it_is_typed(company: Company) -> None:
    _, codes = with_both(company, company.desk.clerk)
    assert len({*codes}) == 10
    assert company.finish(company.by_password("clerk"), codes[0].lower().replace("-", " "))
    with pytest.raises(CodeWrong):
        company.finish(company.by_password("clerk"), codes[0])
    with company.platform.database.writing(company.desk.clerk.org_id) as work:
        account = company.platform.accounts.mine(work, company.desk.clerk)
    assert account.recovery_codes == 9


def test_a_first_proof_waits_five_minutes_for_five_tries_of_its_own_person(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    managers, codes = with_both(company, company.desk.manager, OTHER)
    waiting = company.by_password("clerk")
    for code in (company.code(managers), codes[0], "", "x"):
        with pytest.raises((CodeWrong, ValueError)):
            company.finish(waiting, code)
    company.wait(minutes=5)
    with pytest.raises(SignInExpired):
        company.finish(waiting, company.code(key))
    waiting = company.by_password("manager", OTHER)
    for _ in range(5):
        with pytest.raises(CodeWrong):
            company.finish(waiting, "000000")
    with pytest.raises(SignInThrottled):
        company.finish(waiting, company.code(managers))
    company.wait(minutes=1)
    with pytest.raises(SignInExpired):
        company.finish(waiting, company.code(managers))
    for forged in ("", "f" * 64, "\ud800"):
        with pytest.raises(SignInExpired):
            company.finish(Waiting(forged), company.code(key))


def test_whoever_knows_the_password_and_guesses_codes_does_not_lock_its_owner_out(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    device = company.finish(company.by_password("clerk"), company.code(key)).device
    for _ in range(5):
        with pytest.raises(CodeWrong):
            company.finish(company.by_password("clerk"), "000000")
    with pytest.raises(SignInThrottled):
        company.finish(company.by_password("clerk"), company.code(key, 1))
    assert company.finish(company.by_password("clerk", device=device), company.code(key, 1), device=device)


def test_nobody_finishes_a_sign_in_of_somebody_who_was_deactivated_or_reset_meanwhile(company: Company) -> None:
    manager, platform = company.desk.manager, company.platform
    for who, end in (
        (company.desk.clerk, platform.directory.people.deactivate),
        (company.desk.warehouse, platform.accounts.reset),
    ):
        key, _ = with_both(company, who)
        waiting = company.by_password(who.handle)
        with platform.database.writing(manager.org_id) as work:
            end(work, manager, who.person_id)
            for table in (TotpRow, RecoveryRow, PendingRow):
                assert work.session.scalars(select(table).where(table.person_id == who.person_id)).all() == []
        with pytest.raises(SignInExpired):
            company.finish(waiting, company.code(key))


def test_an_authenticator_takes_a_recent_session_of_ones_own_and_a_code_of_the_new_secret(company: Company) -> None:
    accounts, clerk = company.platform.accounts, company.desk.clerk
    session, operators = company.come_in(clerk), company.be_let_in(clerk)
    with pytest.raises(SignInStale):
        accounts.begin_totp(company.seat(operators))
    seat = company.seat(session)
    with pytest.raises(NoSecondFactor):
        accounts.confirm_totp(seat, Code.model_validate({"code": "000000"}))
    replaced = base64.b32decode(accounts.begin_totp(seat).secret)
    made = accounts.begin_totp(seat)
    query = parse_qs(urlsplit(made.uri).query)
    assert (query["secret"], query["digits"], query["period"]) == ([made.secret], ["6"], ["30"])
    with pytest.raises(CodeWrong):
        accounts.confirm_totp(seat, Code.model_validate({"code": company.code(replaced)}))
    assert isinstance(company.by_link(clerk), Entered), "It does not count before it is confirmed."
    company.wait(minutes=10)
    with pytest.raises(SignInStale):
        accounts.confirm_totp(seat, Code.model_validate({"code": company.code(base64.b32decode(made.secret))}))


def test_what_is_required_is_asked_of_everybody_before_they_do_anything_else(company: Company) -> None:
    accounts, clerk, manager = company.platform.accounts, company.desk.clerk, company.desk.manager
    clerks, mine = company.come_in(clerk), company.come_in(manager)
    operators = company.be_let_in(clerk)
    rules = AccountRules(second_factor=True)

    def set_rules(secret: str, rules: AccountRules = rules) -> None:
        with company.platform.database.writing(clerk.org_id) as work:
            accounts.set_rules(work, company.seat(secret), rules)

    with pytest.raises(Forbidden):
        set_rules(clerks)
    with pytest.raises(NoSecondFactor):
        set_rules(mine)
    company.enrol(mine)
    set_rules(mine)
    with pytest.raises(Unauthenticated):
        company.seat(clerks)
    assert not company.seat(mine).must_enrol
    assert not company.seat(operators).must_enrol
    came = company.by_link(clerk)
    assert isinstance(came, Entered)
    assert company.seat(came.secret).must_enrol
    company.set(came.secret)
    assert company.seat(company.enter("clerk").secret).must_enrol
    company.enrol(came.secret)
    assert not company.seat(came.secret).must_enrol
    with company.platform.database.writing(clerk.org_id) as work, pytest.raises(SecondFactorNeeded):
        accounts.remove_totp(work, company.seat(came.secret))
    set_rules(mine, AccountRules(second_factor=False))
    with company.platform.database.writing(clerk.org_id) as work:
        accounts.remove_totp(work, company.seat(came.secret))
    assert isinstance(company.by_link(clerk), Entered)
    assert [event[0] for event in company.trail()].count("accounts::set-rules") == 2


def test_a_program_gives_the_code_with_the_password(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    signing_in = company.platform.accounts.signing_in

    def enter(**given: str) -> Entered:
        asked = Credentials.model_validate({"person": "clerk", "password": GOOD, **given})
        return signing_in.enter_whole(asked, Arrival("password"), Visit())

    with pytest.raises(SecondFactorMissing):
        enter()
    with pytest.raises(CodeWrong):
        enter(code="000000")
    with pytest.raises(SignInRefused):
        enter(password=OTHER, code=company.code(key))
    assert enter(code=company.code(key)).person_id == company.desk.clerk.person_id


def test_a_secret_is_sealed_and_opens_for_its_own_person_alone(company: Company) -> None:
    key, codes = with_both(company, company.desk.clerk)
    with_both(company, company.desk.manager, OTHER)
    with company.platform.database.writing(None) as work:
        mine, theirs = (
            work.session.get_one(TotpRow, (who.person_id, True)) for who in (company.desk.clerk, company.desk.manager)
        )
        theirs.sealed, theirs.serial = mine.sealed, mine.serial
    with pytest.raises(SecretDamaged):
        company.finish(company.by_password("manager", OTHER), company.code(key))
    company.platform.database.close()
    kept = b"".join(path.read_bytes() for path in company.platform.home.path.rglob("*") if path.is_file())
    for secret in (key, base64.b32encode(key), codes[0].encode(), codes[0].replace("-", "").encode()):
        assert secret not in kept


def test_a_new_key_of_the_vault_wraps_authenticators_too_and_a_lost_one_is_named(company: Company) -> None:
    key, _ = with_both(company, company.desk.clerk)
    file = company.platform.home.vault_key
    before = file.read_text()
    assert company.platform.secrets.renew_key().left == 0
    newest = file.read_text().splitlines()[0]
    file.write_text(f"{newest}\n")
    assert company.finish(company.by_password("clerk"), company.code(key))
    file.write_text(before)
    with company.platform.database.reading(None) as work, pytest.raises(JindouError, match=r"vault\.key"):
        company.platform.accounts.factors.require_keys(work)
