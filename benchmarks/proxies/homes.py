"""A home with a company, a key, limits, and a model that an engine on loopback answers for."""

from pathlib import Path

from jindou.billing.budgets import Bound, BudgetAsk, BudgetChange, Budgets
from jindou.billing.pricing import PriceBook
from jindou.billing.usage import Attempts
from jindou.db import Database, Work, migrate
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.keys import KeyAsk, Keys
from jindou.identity.policy import Policy
from jindou.identity.principals import Person, Principal, Principals
from jindou.models.deployments import DeploymentAsk, Member, open_deployments
from jindou.models.serving import HeldModels
from jindou.settings import load_settings

__all__ = ["MODEL", "limit", "prepare"]

MODEL = "echo"
_PLENTY = 10**12
_SKU = "model:qwen2.5-coder-0.5b"


def prepare(home: Path, engine: int, budgets: tuple[BudgetAsk, ...] | None = None) -> str:
    """Make the home, let `engine` (a port) answer for the model `echo`, and return the secret of a key.

    Without `budgets` there is one of each kind that is never used up.
    """
    place = Home(home)
    place.prepare()
    settings = load_settings(home=home)
    database = Database(f"sqlite:///{place.database}")
    migrate(database)
    policy, principals = Policy({}, {}), Principals()
    audit = Audit(place.published_heads, policy)
    attempts = Attempts(PriceBook.load(settings.currency))
    keys = Keys(principals, policy, audit)
    who = _manager(database, principals)
    models = HeldModels({})
    deployments = open_deployments(
        settings, place, database, policy=policy, audit=audit, models=models, model=lambda: None
    )
    limits = Budgets(policy, audit, settings.currency, lambda _work, _scope, _id: Bound("Company", ""), attempts.tally)
    with database.writing(who.org_id) as work:
        member = Member(engine="upstream", model=MODEL, url=f"http://127.0.0.1:{engine}/v1", sku=_SKU, at_once=5000)
        deployments.create(work, who, DeploymentAsk(name=MODEL, members=(member,)))
        for ask in _plenty(who) if budgets is None else budgets:
            limits.create(work, who, ask)
        secret = keys.create(work, who, KeyAsk(name="benchmark")).secret
    database.close()
    return secret


def limit(home: Path, monthly_micro: int) -> None:
    """Let the organisation of a home spend no more than so much this month, while workers have its database open."""
    database = Database(f"sqlite:///{Home(home).database}")
    policy = Policy({}, {})
    audit = Audit(Home(home).published_heads, policy)
    attempts = Attempts(PriceBook.load("CNY"))
    budgets = Budgets(policy, audit, "CNY", lambda _work, _scope, _id: Bound("Company", ""), attempts.tally)
    with database.reading(None) as work:
        principals = Principals()
        org_id = principals.organisation(work)
        who = principals.principal(work, org_id, principals.find(work, "manager").id)
    with database.writing(org_id) as work:
        (mine,) = (budget for budget in budgets.list_budgets(work, who) if budget.scope == "organisation")
        budgets.update(work, who, mine.id, BudgetChange(monthly_micro=monthly_micro))
    database.close()


def _plenty(who: Principal) -> tuple[BudgetAsk, ...]:
    organisation = BudgetAsk(scope="organisation", monthly_micro=_PLENTY, rpm=_PLENTY, tpm=_PLENTY)
    person = BudgetAsk(scope="person", scope_id=who.person_id, monthly_micro=_PLENTY, rpm=_PLENTY, tpm=_PLENTY)
    return organisation, person


def _manager(database: Database, principals: Principals) -> Principal:
    with database.writing(None) as work:
        org_id = principals.create_organisation(work, "Company")
        person = Person(id="", handle="manager", name="Marta", title={}, roles=["manager"], language="en")
        return principals.principal(work, org_id, _made(work, principals, org_id, person))


def _made(work: Work, principals: Principals, org_id: str, person: Person) -> str:
    principals.create_person(work, org_id, person)
    work.session.flush()
    return principals.find(work, person.handle).id
