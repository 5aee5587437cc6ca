"""Who comes is somebody known, somebody recognised by what the administrator said, somebody new, or nobody."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sso_company import SsoCompany

from jindou.errors import Forbidden, NotFound, Unauthenticated
from jindou.identity.directory import ProfileChange
from jindou.identity.sso import NewProvider, ProviderChange
from support.openid.crooked import Crooked
from support.platform import FakeClock, as_person


def roles(company: SsoCompany, handle: str) -> set[str]:
    return set(as_person(company.platform, handle).roles)


def test_nobody_is_made_unless_the_administrator_said_so(company: SsoCompany) -> None:
    acme = company.add()
    assert company.refusal(acme, preferred_username="uma", email="uma@acme.example", email_verified=True) == "unknown"
    company.change(acme, makes_people=True, new_roles=["clerk"])
    who = company.whose(company.sign_in(acme, preferred_username="uma", name="Uma One", locale="zh-CN"))
    assert (who.handle, who.name, who.roles, who.language) == ("uma", "Uma One", ("clerk",), "zh")
    assert company.whose(company.sign_in(acme, preferred_username="renamed")).person_id == who.person_id


@pytest.mark.parametrize(
    "claims",
    [
        {"preferred_username": "clerk"},
        {"preferred_username": "с" + "lerk"},
        {"preferred_username": "c1erk"},
        {"preferred_username": "a b", "email": "clerk@acme.example", "email_verified": True},
        {"email": "clerk@acme.example", "email_verified": True},
        {},
        {"preferred_username": "x" * 500},
        {"preferred_username": ["uma"]},
    ],
)
def test_whose_handle_is_somebody_elses_or_none_does_not_become_them(
    company: SsoCompany, claims: dict[str, Any]
) -> None:
    """An e-mail address is a handle as it is; its first part is one only if the whole is none."""
    acme = company.add(makes_people=True)
    before = as_person(company.platform, "clerk").person_id
    try:
        made = company.whose(company.sign_in(acme, **claims)).person_id
    except Unauthenticated:
        return
    assert made != before


def test_somebody_is_recognised_by_a_verified_address_if_the_administrator_said_so(company: SsoCompany) -> None:
    hired = company.hire("uma", "clerk", email="Uma@Acme.example")
    acme = company.add()
    told: dict[str, Any] = {"email": "uma@acme.example", "email_verified": True}
    assert company.refusal(acme, **told) == "unknown"
    company.change(acme, links_by="email")
    for unsure in (False, "true", None):
        told["email_verified"] = unsure
        assert company.refusal(acme, **told) == "unknown"
    told["email_verified"] = True
    assert company.whose(company.sign_in(acme, **told)).person_id == hired.id
    assert company.refusal(acme, "u-2", **told) == "linked", "Nobody else takes the address over."
    assert company.whose(company.sign_in(acme)).person_id == hired.id, "Afterwards it is the subject that counts."


def test_an_address_is_that_of_another_neither_by_its_letters_nor_by_what_is_said_of_a_third(
    company: SsoCompany, crooked: Crooked
) -> None:
    company.hire("kim", "clerk", email="kim@acme.example")
    crooked.metadata, crooked.userinfo = {"userinfo_endpoint": f"{crooked.issuer}/userinfo"}, {"sub": "u-1"}
    acme = company.add(links_by="email")
    assert company.refusal(acme, email="\N{KELVIN SIGN}im@acme.example", email_verified=True) == "unknown"
    crooked.userinfo |= {"email": "mallory@acme.example", "email_verified": True}
    assert company.refusal(acme, email="kim@acme.example") == "unknown"
    crooked.userinfo["email"] = "kim@acme.example"
    assert company.whose(company.sign_in(acme, email="kim@acme.example")).handle == "kim"


def test_who_is_removed_comes_back_as_somebody_else(company: SsoCompany) -> None:
    acme = company.add(makes_people=True, links_by="email")
    told: dict[str, Any] = {"preferred_username": "uma", "email": "uma@acme.example", "email_verified": True}
    first = company.whose(company.sign_in(acme, **told))
    with company.platform.database.writing(first.org_id) as work:
        company.platform.directory.people.remove(work, as_person(company.platform, "manager"), first.person_id)
    second = company.whose(company.sign_in(acme, **told))
    assert (second.handle, second.person_id == first.person_id) == ("uma", False)


def test_somebody_is_recognised_by_the_handle_if_the_administrator_said_so(company: SsoCompany) -> None:
    acme = company.add(links_by="handle")
    assert company.whose(company.sign_in(acme, preferred_username="clerk")).handle == "clerk"
    assert company.refusal(acme, "u-2", preferred_username="CLERK") == "unknown"


def test_two_people_of_one_address_are_told_apart_by_nobody(company: SsoCompany) -> None:
    for handle in ("uma", "umb"):
        company.hire(handle, email="both@acme.example")
    acme = company.add(links_by="email")
    assert company.refusal(acme, email="both@acme.example", email_verified=True) == "ambiguous"


def test_whom_a_provisioning_system_made_is_found_by_the_external_id(company: SsoCompany) -> None:
    hired = company.hire("uma", external_id="00u-17")
    acme = company.add()
    assert company.whose(company.sign_in(acme, "00u-17")).person_id == hired.id
    second = company.hire("umb", external_id="object-9")
    company.change(acme, external_id_claim="oid")
    assert company.whose(company.sign_in(acme, "u-2", oid="object-9")).person_id == second.id
    company.change(acme, external_id_claim="")
    company.hire("umc", external_id="u-3")
    assert company.refusal(acme, "u-3") == "unknown"


def test_a_program_is_nobody_who_signs_in(company: SsoCompany) -> None:
    acme = company.add(links_by="handle")
    company.hire("robot", kind="service", external_id="u-1")
    assert company.refusal(acme, preferred_username="robot") == "unknown"


def test_roles_follow_the_groups_at_each_sign_in(company: SsoCompany) -> None:
    company.hire("uma", "clerk", external_id="u-1")
    acme = company.add(roles={"money": ["finance"], "stock": ["warehouse", "clerk"]})
    company.sign_in(acme, groups=["money", "stock", "unheard-of"])
    assert roles(company, "uma") == {"clerk", "finance", "warehouse"}
    company.sign_in(acme, groups=["money"])
    assert roles(company, "uma") == {"clerk", "finance"}, "A role of their own stays, whatever a group gives."
    for none in ([], None, "nothing", {"money": True}, [["money"]], [7]):
        company.sign_in(acme, groups=["money"])
        company.sign_in(acme, groups=none)
        assert roles(company, "uma") == {"clerk"}


def test_groups_are_found_where_a_provider_keeps_them(company: SsoCompany) -> None:
    company.hire("uma", external_id="u-1")
    acme = company.add(roles={"money": ["finance"]}, groups_claim="realm_access.roles")
    company.sign_in(acme, realm_access={"roles": ["money"]})
    assert roles(company, "uma") == {"finance"}
    company.change(acme, groups_claim="https://acme.example/groups")
    company.sign_in(acme, **{"https://acme.example/groups": "money"})
    assert roles(company, "uma") == {"finance"}
    company.sign_in(acme, realm_access={"roles": ["money"]})
    assert roles(company, "uma") == set()


def test_an_administrator_is_made_by_a_group_that_is_mapped_to_it_and_by_nothing_else(company: SsoCompany) -> None:
    company.hire("uma", external_id="u-1")
    acme = company.add(roles={"money": ["finance"]})
    company.sign_in(acme, groups=["administrator", "money"], roles=["administrator"])
    assert roles(company, "uma") == {"finance"}
    with pytest.raises(ValueError, match="nobody is made an administrator by joining"):
        NewProvider.model_validate(
            {"name": "A", "issuer": "https://a.example", "client_id": "a", "new_roles": ["administrator"]}
        )
    company.change(acme, roles={"heads": ["administrator"]})
    company.sign_in(acme, groups=["heads"])
    assert roles(company, "uma") == {"administrator"}


def test_who_set_the_provider_gets_no_role_by_it(company: SsoCompany) -> None:
    acme = company.add(links_by="handle", roles={"money": ["finance"]})
    company.sign_in(acme, preferred_username="manager", groups=["money"])
    assert "finance" not in roles(company, "manager")
    uma = company.hire("uma", "administrator")
    with company.platform.database.reading(company.manager.org_id) as work:
        other = company.platform.principals.principal(work, company.manager.org_id, uma.id)
    company.manager = other
    company.change(acme, roles={"money": ["finance"], "stock": ["warehouse"]})
    company.sign_in(acme, groups=["money"])
    assert "finance" in roles(company, "manager"), "Another administrator has said so, too."


def test_the_last_administrator_stays_one_whatever_the_groups_say(company: SsoCompany) -> None:
    uma = company.hire("uma", external_id="u-1")
    acme = company.add(roles={"heads": ["administrator"]})
    company.sign_in(acme, groups=["heads"])
    with company.platform.database.writing(company.manager.org_id) as work:
        them = company.platform.principals.principal(work, company.manager.org_id, uma.id)
        kept = ProfileChange(roles=["manager"])
        company.platform.directory.people.update(work, them, company.manager.person_id, kept)
    company.sign_in(acme, groups=[])
    assert roles(company, "uma") == {"administrator"}
    company.manager = them
    company.hire("umb", "administrator")
    company.sign_in(acme, groups=[])
    assert roles(company, "uma") == set()


def test_who_is_deactivated_stays_out_and_loses_every_session(company: SsoCompany) -> None:
    uma = company.hire("uma", external_id="u-1")
    acme = company.add(makes_people=True, roles={"money": ["finance"]})
    secret = company.sign_in(acme)
    with company.platform.database.writing(company.manager.org_id) as work:
        company.platform.directory.people.deactivate(work, company.manager, uma.id)
    with pytest.raises(Unauthenticated):
        company.whose(secret)
    assert company.refusal(acme, groups=["money"], preferred_username="umz") == "inactive"
    with company.platform.database.writing(company.manager.org_id) as work:
        assert company.platform.directory.people.reactivate(work, company.manager, uma.id).roles == []
    assert company.whose(company.sign_in(acme)).person_id == uma.id


def test_a_provider_that_is_removed_takes_sessions_links_and_roles_along(company: SsoCompany) -> None:
    company.hire("uma", "clerk", external_id="u-1")
    acme = company.add(roles={"money": ["finance"]})
    secret = company.sign_in(acme, groups=["money"])
    company.remove_all()
    with pytest.raises(Unauthenticated):
        company.whose(secret)
    assert roles(company, "uma") == {"clerk"}
    again = company.add()
    assert company.whose(company.sign_in(again)).handle == "uma"


def test_somebody_is_unlinked_and_recognised_anew(company: SsoCompany) -> None:
    uma = company.hire("uma", external_id="u-1")
    acme = company.add(roles={"money": ["finance"]})
    secret = company.sign_in(acme, groups=["money"])
    providers = company.platform.sso.providers
    with company.platform.database.writing(company.manager.org_id) as work:
        (found,) = providers.list_identities(work, company.manager, acme.id)
        assert (found.handle, found.subject, found.linked_by, found.added_roles) == (
            "uma",
            "u-1",
            "external_id",
            ["finance"],
        )
        providers.unlink(work, company.manager, acme.id, uma.id)
        with pytest.raises(NotFound):
            providers.unlink(work, company.manager, acme.id, uma.id)
    with pytest.raises(Unauthenticated):
        company.whose(secret)
    assert roles(company, "uma") == set()
    assert company.whose(company.sign_in(acme)).person_id == uma.id


@pytest.mark.parametrize("group", ["", "  ", "a\0b", "\ud800"])
def test_a_group_has_a_name_that_can_be_kept(group: str) -> None:
    with pytest.raises(ValidationError, match="a group has a name"):
        ProviderChange.model_validate({"roles": {group: ["clerk"]}})


def test_providers_are_for_administrators_alone(company: SsoCompany, crooked: Crooked) -> None:
    acme = company.add()
    providers = company.platform.sso.providers
    clerk = as_person(company.platform, "clerk")
    crooked.asked.clear()
    with pytest.raises(Forbidden):
        providers.create(clerk, NewProvider(name="Mine", issuer=crooked.issuer, client_id="mine"))
    with pytest.raises(Forbidden):
        providers.check(clerk, acme.id)
    assert not crooked.asked, "Nobody is asked before it is known who asks."
    assert providers.check(company.manager, acme.id).keys == 1


def test_a_session_by_a_provider_ends_as_any_does(company: SsoCompany, clock: FakeClock) -> None:
    acme = company.add(makes_people=True)
    secret = company.sign_in(acme, preferred_username="uma")
    clock.move(timedelta(hours=company.platform.settings.session_hours))
    with pytest.raises(Unauthenticated):
        company.whose(secret)
