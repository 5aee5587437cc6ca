"""`jindou budgets`."""

from typing import Annotated

import typer

from jindou.errors import Invalid
from jindou.surfaces.amounts import micro_of, share_of
from jindou.surfaces.cli.connection import Seat, signed_in
from jindou.surfaces.cli.options import As, AsJson, Home, Language, command_group
from jindou.surfaces.cli.show import document, moment, one_line, table
from jindou.surfaces.cli.texts import Words
from jindou_client.budget_types import BudgetLimits
from jindou_client.errors import NotFound
from jindou_client.types import Budget, BudgetScope, Money

__all__ = ["group"]

group = command_group("Budgets: what people, assistants and keys may use.")

_NONE = "none"
BudgetId = Annotated[str, typer.Argument(metavar="BUDGET", help="A budget: bud_…")]
Monthly = Annotated[
    str | None, typer.Option(metavar="AMOUNT", help="At most this a calendar month, in the bill's currency: 50, 0.25.")
]
Warn = Annotated[str | None, typer.Option(metavar="SHARE", help="Warn from this share of it on: 80%.")]
Rpm = Annotated[str | None, typer.Option(metavar="N", help="Requests a minute, at most.")]
Tpm = Annotated[str | None, typer.Option(metavar="N", help="Tokens a minute, at most.")]
Name = Annotated[str | None, typer.Option(help="What errors call it.  [default: the name of whom it binds]")]


@group.command("list")
def list_budgets(
    *, person: As = "manager", language: Language = None, home: Home = None, as_json: AsJson = False
) -> None:
    """List budgets that a person may see, or that bind them."""
    with signed_in(home, person, language) as seat:
        found = seat.client.budgets.list()
    if as_json:
        document(found)
        return
    words = Words(seat.language)
    headers = ("budget", "for", "monthly", "spent", "held", "left", "warn at", "rpm", "tpm", "name")
    table(words.columns(*headers), [_row(budget, words) for budget in found], right=(2, 3, 4, 5, 6, 7, 8))


@group.command("show")
def show(
    budget_id: BudgetId,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show one budget."""
    with signed_in(home, person, language) as seat:
        budget = seat.client.budgets.get(budget_id)
    _show(budget, Words(seat.language), as_json=as_json)


@group.command("create")
def create(
    *,
    organisation: Annotated[bool, typer.Option("--organisation", help="For the whole company.")] = False,
    of: Annotated[str | None, typer.Option("--person", metavar="PERSON", help="For a person: clerk, …")] = None,
    assistant: Annotated[str | None, typer.Option(help="For an assistant: after-sales, …")] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="For a key: key_…")] = None,
    monthly: Monthly = None,
    warn: Warn = None,
    rpm: Rpm = None,
    tpm: Tpm = None,
    name: Name = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Set a budget for the company, a person, an assistant or a key."""
    limits = _limits(monthly, warn, rpm, tpm)
    with signed_in(home, person, language) as seat:
        scope, scope_id = _scope(seat, organisation=organisation, of=of, assistant=assistant, key=key)
        budget = seat.client.budgets.create(scope, scope_id, name=name or "", **limits)
    _show(budget, Words(seat.language), as_json=as_json)


@group.command("update")
def update(
    budget_id: BudgetId,
    *,
    monthly: Monthly = None,
    warn: Warn = None,
    rpm: Rpm = None,
    tpm: Tpm = None,
    name: Name = None,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of a budget; `none` takes a limit away."""
    limits = _limits(monthly, warn, rpm, tpm)
    with signed_in(home, person, language) as seat:
        budget = seat.client.budgets.update(budget_id, name=name, **limits)
    _show(budget, Words(seat.language), as_json=as_json)


@group.command("delete")
def delete(
    budget_id: BudgetId,
    *,
    person: As = "manager",
    language: Language = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a budget away."""
    with signed_in(home, person, language) as seat:
        seat.client.budgets.delete(budget_id)
    if as_json:
        document({"id": budget_id, "deleted": True})
    else:
        typer.echo(one_line(Words(seat.language)("deleted", id=budget_id)))


def _limits(monthly: str | None, warn: str | None, rpm: str | None, tpm: str | None) -> BudgetLimits:
    limits = BudgetLimits()
    if monthly is not None:
        limits["monthly_micro"] = None if monthly == _NONE else micro_of(monthly, "--monthly")
    if warn is not None:
        limits["warn_share"] = None if warn == _NONE else share_of(warn, "--warn")
    if rpm is not None:
        limits["rpm"] = None if rpm == _NONE else _count(rpm, "--rpm")
    if tpm is not None:
        limits["tpm"] = None if tpm == _NONE else _count(tpm, "--tpm")
    return limits


def _count(text: str, option: str) -> int:
    plain = text.replace(",", "")
    if not (plain.isascii() and plain.isdecimal() and len(plain) < len(str(2**53))):
        raise Invalid(f"{text!r} is no number for {option}.", field=option, rule="a whole number, or none")
    return int(plain)


def _scope(
    seat: Seat, *, organisation: bool, of: str | None, assistant: str | None, key: str | None
) -> tuple[BudgetScope, str]:
    ids: dict[BudgetScope, str | None] = {
        "organisation": "" if organisation else None,
        "person": of,
        "assistant": assistant,
        "key": key,
    }
    given: list[tuple[BudgetScope, str]] = [(scope, id_) for scope, id_ in ids.items() if id_ is not None]
    if len(given) != 1:
        told = "Say whom it is for: one of --organisation, --person, --assistant, --key."
        raise Invalid(told, field="scope", rule="exactly one")
    scope, id_ = given[0]
    return scope, _person(seat, id_) if scope == "person" else id_


def _person(seat: Seat, handle: str) -> str:
    people = seat.client.principals.list()
    for person in people:
        if handle in {person.handle, person.id}:
            return person.id
    there = ", ".join(person.handle for person in people)
    raise NotFound(f"Nobody is called {handle!r}; there are: {there}.", code="not_found")


def _row(budget: Budget, words: Words) -> tuple[str, ...]:
    month = budget.month
    return (
        budget.id,
        words.value(budget.scope),
        "–" if budget.monthly_micro is None else str(Money(micro=budget.monthly_micro, currency=budget.currency)),
        str(month.spent),
        str(month.held),
        "–" if month.left is None else str(month.left),
        _warned(budget),
        "–" if budget.rpm is None else words("of", used=budget.minute.requests, most=budget.rpm),
        "–" if budget.tpm is None else words("of", used=budget.minute.tokens, most=budget.tpm),
        budget.name,
    )


def _warned(budget: Budget) -> str:
    return "–" if budget.warn_share is None else f"{budget.warn_share * 100:g}%"


def _show(budget: Budget, words: Words, *, as_json: bool) -> None:
    if as_json:
        document(budget)
        return
    month = budget.month
    values = {"month": month.month, "spent": month.spent, "held": month.held}
    typer.echo(one_line(f"{budget.id}: {words.value(budget.scope)} · {budget.name}"))
    if budget.monthly_micro is not None:
        limit = Money(micro=budget.monthly_micro, currency=budget.currency)
        resets = moment(month.resets_at)
        typer.echo(words("budget.month", **values, limit=limit, left=month.left, resets=resets))
        warned = budget.warn_share is not None
        typer.echo(words("budget.warned", share=_warned(budget)) if warned else words("budget.not_warned"))
    else:
        typer.echo(words("budget.no_limit", **values))
    for used, limit, what in (
        (budget.minute.requests, budget.rpm, "requests"),
        (budget.minute.tokens, budget.tpm, "tokens"),
    ):
        shown = f"{used:,}" if limit is None else words("of", used=used, most=limit)
        typer.echo(words(f"minute.{what}", used=shown))
