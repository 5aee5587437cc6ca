"""Answers to what went wrong: problem+json for programs, a page for people."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from jindou.errors import Forbidden, Invalid, JindouError, Limited, Unauthenticated
from jindou.surfaces.console import ask_for_proof, error_page, is_asked, page_above
from jindou.surfaces.door import MustEnrol
from jindou.surfaces.http.scim import error_body, is_scim, scim_error
from jindou.surfaces.problems import problem_json, problem_of
from jindou.telemetry import get_logger
from jindou.wording import field_of, rule_of, told_of

__all__ = ["add_failures"]

_UNREADABLE: Final = 400
"""What the framework says of a body that is no text; a text that is no JSON comes as `RequestValidationError`."""
_NO_PAGE: Final = 404
_OTHER_METHOD: Final = 405
"""What is said of the address of a form that somebody opens: they reloaded it, or typed it."""
_log = get_logger(__name__)


def add_failures(app: FastAPI) -> None:
    """Answer every error of `app` in the form its caller reads."""
    app.add_exception_handler(JindouError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unknown)


def _known(request: Request, error: Exception) -> Response:
    if not isinstance(error, JindouError):
        return _unknown(request, error)
    problem = problem_of(error)
    if _wants_page(request):
        rules = error.rules if isinstance(error, Forbidden) else ()
        sent_on = _sent_on(request, error)
        reasons = error.reasons if isinstance(error, Forbidden) else {}
        detail = {"en": error.message} | reasons
        return sent_on or error_page(request, problem.status, problem.title, detail, rules=rules)
    headers = {"Retry-After": str(max(1, round(error.retry_after)))} if isinstance(error, Limited) else {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if is_scim(request.url.path):
        status, content = scim_error(error)
        return _scim(content, status, headers)
    return _json(problem_json(error), problem.status, headers)


def _sent_on(request: Request, error: JindouError) -> Response | None:
    """Send a browser to where somebody does first what is missing, if there is such a page."""
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return RedirectResponse("/sign-in", status_code=303)
    if isinstance(error, MustEnrol) and request.method == "GET":
        return RedirectResponse("/account", status_code=303)
    return ask_for_proof(request) if is_asked(request, error) else None


def _malformed(request: Request, error: Exception) -> Response:
    told, field, rule = "The request can't be read.", "", ""
    if isinstance(error, RequestValidationError) and error.errors():
        first: Mapping[str, Any] = error.errors()[0]
        # The first part is where the whole was sent: in the body, the query, the path.
        where = first["loc"][1:] if first["type"] != "json_invalid" else ()
        field = field_of({**first, "loc": where})
        rule = rule_of(first)
        if first["loc"][0] == "path" and _wants_page(request):
            return _plain(request, HTTPException(_NO_PAGE))
        told = told_of(first, field)
    return _known(request, Invalid(told, field=field, rule=rule))


def _plain(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == _UNREADABLE:
        return _known(request, Invalid("The body can't be read.", rule="JSON in UTF-8"))
    title = str(error.detail) if isinstance(error, HTTPException) else "Something went wrong"
    if _wants_page(request):
        if status == _OTHER_METHOD and request.method == "GET":
            return RedirectResponse(page_above(request), status_code=303)
        return error_page(request, status, title, {})
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if is_scim(request.url.path):
        return _scim(error_body(status, title), status, headers)
    body = {"type": "about:blank", "title": title, "status": status, "detail": title, "code": f"http_{status}"}
    return _json(body, status, headers)


def _unknown(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", exc_info=error, extra={"fields": {"path": request.url.path}})
    detail = "This is a fault of ours; `jindou doctor` and the log in the home folder say more."
    if _wants_page(request):
        return error_page(request, 500, "Something went wrong", {"en": detail})
    if is_scim(request.url.path):
        return _scim(error_body(500, detail), 500, {})
    body: dict[str, object] = {
        "type": "about:blank",
        "title": "Something went wrong",
        "status": 500,
        "detail": detail,
        "code": "internal",
    }
    return _json(body, 500, {})


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith(("/api/", "/scim/")) and "text/html" in request.headers.get("accept", "")


def _scim(body: Mapping[str, object], status: int, headers: Mapping[str, str]) -> Response:
    return Response(json.dumps(body), status, dict(headers), media_type="application/scim+json")


def _json(body: Mapping[str, object], status: int, headers: Mapping[str, str]) -> Response:
    # Escaped, since a problem may quote what the caller sent, and half a surrogate pair has no UTF-8.
    return Response(json.dumps(body), status, dict(headers), media_type="application/problem+json")
