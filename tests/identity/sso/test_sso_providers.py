"""What an administrator sets of a provider: roles that rules name, and a client secret that a KMS seals."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sso_company import SECRET, SsoCompany

from jindou.identity.directory.changing import UnknownRole
from jindou.identity.sso.tables import ProviderRow
from support.openid.crooked import Crooked
from support.platform import FakeClock, open_platform

_KMS = """
import pathlib, sqlite3, sys
here = pathlib.Path(sys.argv[0]).parent
database = sqlite3.connect(here / "home" / "jindou.db", timeout=0)
database.execute("BEGIN IMMEDIATE")  # It fails where somebody else is about to write.
database.rollback()
print("k1" if sys.argv[1] == "id" else sys.stdin.read()[::-1])
"""


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"roles": {"money": ["finance", "fiance"]}}, "roles"), ({"new_roles": ["cler"]}, "new_roles")],
)
def test_a_role_that_no_rule_names_is_refused_wherever_a_provider_would_give_it(
    company: SsoCompany, settings: dict[str, object], field: str
) -> None:
    with pytest.raises(UnknownRole) as refused:
        company.add(**settings)
    assert (refused.value.field, "warehouse" in str(refused.value)) == (field, True)
    acme = company.add()
    with pytest.raises(UnknownRole):
        company.change(acme, **settings)


def test_a_role_whose_rules_have_gone_stays_until_it_is_taken_away(company: SsoCompany) -> None:
    acme = company.add(roles={"money": ["finance"]})
    with company.platform.database.writing(company.manager.org_id) as work:
        work.session.get_one(ProviderRow, acme.id).roles = {"money": ["gone"]}
    changed = company.change(acme, roles={"money": ["gone"], "heads": ["administrator"]})
    assert changed.roles == {"money": ["gone"], "heads": ["administrator"]}
    company.change(acme, roles={"heads": ["administrator"]})
    with pytest.raises(UnknownRole):
        company.change(acme, roles={"money": ["gone"]})


def test_a_check_says_which_scopes_the_settings_need_and_nobody_asks_for(company: SsoCompany, crooked: Crooked) -> None:
    def missing() -> list[str]:
        return company.platform.sso.providers.check(company.manager, acme.id).missing_scopes

    acme = company.add(roles={"money": ["finance"]}, links_by="email", scopes="openid profile")
    assert missing() == []
    crooked.metadata = {"scopes_supported": ["openid", "email", "groups", "offline_access"]}
    crooked.clock.move(timedelta(hours=2))
    assert missing() == ["email", "groups"]
    company.change(acme, scopes="openid email groups")
    assert missing() == []


def test_a_kms_is_asked_for_a_client_secret_while_nobody_holds_the_database(
    tmp_path: Path, clock: FakeClock, crooked: Crooked
) -> None:
    script = tmp_path / "kms.py"
    script.write_text(_KMS)
    command = f"{sys.executable} {script}"
    with open_platform(tmp_path / "home", lambda _: "", clock, sso_private=True, vault_command=command) as platform:
        company = SsoCompany(platform, crooked)
        acme = company.add(makes_people=True)
        assert acme.has_secret
        company.change(acme, client_secret=f"{SECRET}-2")
        assert company.whose(company.sign_in(acme, preferred_username="uma")).handle == "uma"
        assert not company.change(acme, client_secret="").has_secret
