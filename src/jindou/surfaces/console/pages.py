"""How a page is made: its frame, its language, its headers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.routing import Match

from jindou.errors import JindouError
from jindou.identity.principals import Principal
from jindou.identity.sessions import BreakGlass, Seat
from jindou.surfaces.console import formats
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.texts import texts_in
from jindou.surfaces.door import platform_of, signed_in

__all__ = ["HEADERS", "error_page", "fragment", "go_on", "here", "page", "page_above"]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Tells other sites nothing. With `no-referrer` a browser would send `Origin: null` with our own forms, too.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every page tells the browser: run and load nothing but our own files, tell nobody, keep nothing."""


_OUR_FAULT = 500


def page(
    request: Request,
    template: str,
    *,
    who: Principal | None = None,
    waiting: int = 0,
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    """Return the page of `template` in the viewer's language; `waiting` is the number on the approvals' badge."""
    reads_trail = who is not None and platform_of(request).audit.may_read(who)
    frame = {
        "waiting": waiting,
        "here": here(request),
        "sections": _sections(request, who, reads_trail=reads_trail),
        "glass": _glass(request, who) if who is not None and reads_trail else [],
        "is_read": who is not None and _is_read(request, who),
        "proof_due": _is_proof_due(request),
    }
    return fragment(request, template, who=who, status=status, **frame, **values)


def go_on(request: Request, address: str) -> HTMLResponse:
    """Send the browser on by itself, with a link for one that does not go.

    A redirect would not do: the policy of our forms covers it, and a cookie of ours would not go with one that
    another site began.
    """
    return page(request, "onward.html", address=address)


def fragment(
    request: Request, template: str, *, who: Principal | None = None, status: int = 200, **values: object
) -> HTMLResponse:
    """Return a piece of a page, as htmx asks for it."""
    texts = texts_in(language_of(request, who))
    html = _environment.get_template(template).render(t=texts, language=texts.language, who=who, **values)
    return HTMLResponse(html, status_code=status, headers=HEADERS)


def error_page(
    request: Request, status: int, title: str, detail: Mapping[str, str], *, rules: Sequence[str] = ()
) -> HTMLResponse:
    """Return the page of an error: what `status` means in the viewer's language, and `detail` in it or in English.

    `title` is shown where the console has no words of its own for `status`, and `detail` where it has none for `rules`.
    """
    who = _viewer(request) if status < _OUR_FAULT else None
    language = language_of(request, who)
    texts = texts_in(language)
    told_in = language if language in detail else "en"
    return page(
        request,
        "error.html",
        who=who,
        status=status,
        code=status,
        title=texts.find(f"error.{status}.title", title),
        advice=texts.find(f"error.{status}.advice", texts("error.advice")),
        own=next((text for rule in rules if (text := texts.find(f"error.rule.{rule}", ""))), ""),
        detail=detail.get(told_in, ""),
        told_in=told_in,
    )


def here(request: Request) -> str:
    """Return the path and query of this page, to come back to it; the page of a form for what is not to be repeated."""
    if request.method != "GET":
        return page_above(request)
    parts = urlsplit(str(request.url))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def page_above(request: Request) -> str:
    """Return the path of the page that a form was on: the nearest path above the form's that shows one."""
    path = request.url.path
    while path.strip("/"):
        scope = {**request.scope, "path": path, "method": "GET"}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return path
        path = path.rpartition("/")[0]
    return "/"


def _sections(request: Request, who: Principal | None, *, reads_trail: bool) -> list[tuple[str, str, str]]:
    """Return slug, path and icon of each section that the viewer may open."""
    sections = [
        ("conversations", "/", "chat"),
        ("runs", "/runs", "runs"),
        ("approvals", "/approvals", "approvals"),
        ("usage", "/usage", "usage"),
        ("budgets", "/budgets", "gauge"),
    ]
    if reads_trail:
        sections.append(("audit", "/audit", "audit"))
    if who is not None and platform_of(request).decisions.may_explain(who):
        sections.append(("rights", "/rights", "scales"))
    if who is not None and platform_of(request).policies.may_read(who):
        sections.append(("policies", "/policies", "book"))
    sections.append(("models", "/models", "model"))
    if who is not None and platform_of(request).keys.holder_of(who).decision.verb == "allow":
        sections.append(("playground", "/playground", "play"))
    sections += [("keys", "/keys", "key"), ("secrets", "/secrets", "lock")]
    sections.append(("readings", "/readings", "eye"))
    if who is not None and platform_of(request).directory.people.may_manage(who):
        sections.append(("people", "/people", "people"))
    if who is not None and platform_of(request).sso.providers.may_manage(who):
        sections.append(("sso", "/sso", "in"))
    if who is not None and platform_of(request).webhooks.may_manage(who):
        sections.append(("webhooks", "/webhooks", "hook"))
    return sections


def _glass(request: Request, who: Principal) -> list[BreakGlass]:
    """Return for an administrator where the operator is in as somebody in an emergency, or still may come in."""
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        return [one for one in platform.sessions.broken_glass(work, who) if one.is_open]


def _is_proof_due(request: Request) -> bool:
    seat: Seat | None = getattr(request.state, "seat", None)
    return seat is not None and platform_of(request).accounts.proving.is_due(seat)


def _is_read(request: Request, who: Principal) -> bool:
    """Say whether administrators may read what the viewer says to assistants."""
    platform = platform_of(request)
    with platform.database.reading(who.org_id) as work:
        return platform.readings.policy(work).open


def _viewer(request: Request) -> Principal | None:
    try:
        return signed_in(request)
    except JindouError:
        return None


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=formats.in_order,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        code=formats.code,
        money=formats.money,
        decimal=formats.decimal,
        exact_money=formats.exact_money,
        moment=formats.moment,
        pretty=formats.pretty,
        size=formats.size,
    )
    environment.globals.update(seconds=formats.seconds)  # pyright: ignore[reportArgumentType]
    return environment


_environment = _make_environment()
