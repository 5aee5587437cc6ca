"""What every page of the console must have and must not have, and a way to start a run."""

from html.parser import HTMLParser

import httpx
from console_site import Site
from typing_extensions import override

from support.platform import as_person

__all__ = ["Markup", "is_strict", "start_run", "wait_for_rest"]

_MOST_SILENCES = 5
"""Signs of life of a stream in which nothing happens; each stands for a good many seconds."""


class Markup(HTMLParser):
    """Collects what a strict page must have, and must not."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.breaches: list[str] = []
        self.tags: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.language = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.language = values.get("lang") or ""
        if tag == "label":
            self.labels.add(values.get("for") or "")
        if tag == "textarea" or (tag == "input" and values.get("type") != "hidden"):
            self.fields.append(values)
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.breaches.append(tag)
        if tag == "img" and not values.get("alt"):
            self.breaches.append("img without alt")
        self.breaches += [name for name, _ in attrs if name == "style" or name.startswith(("on", "hx-on"))]
        self.breaches += [value for value in values.values() if value and "://" in value]


def start_run(site: Site, handle: str, message: str) -> str:
    """Start a run as somebody, wait until it rests, and return its id."""
    with _client(site, handle) as client:
        run_id: str = client.post("/api/runs", json={"message": message}).json()["id"]
    wait_for_rest(site, handle, run_id)
    return run_id


def wait_for_rest(site: Site, handle: str, run_id: str) -> None:
    """Wait until a run is over, or waits."""
    with _client(site, handle) as client, client.stream("GET", f"/api/runs/{run_id}/events") as events:
        silences = 0
        for line in events.iter_lines():
            silences += line == ": still here"
            assert silences < _MOST_SILENCES, "The run does not come to rest."
            if line in {"event: run.finished", "event: run.waiting"}:
                break


def _client(site: Site, handle: str) -> httpx.Client:
    who = as_person(site.platform, handle)
    with site.platform.database.writing(None) as work:
        secret = site.platform.sessions.open(work, who.org_id, who.person_id, who.person_id)
    return httpx.Client(base_url=site.url, timeout=30, headers={"authorization": f"Bearer {secret}"})


def is_strict(response: httpx.Response) -> None:
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"
    markup = Markup(response.text)
    assert markup.breaches == []
    unlabelled = [
        field for field in markup.fields if field.get("id") not in markup.labels and "aria-label" not in field
    ]
    assert unlabelled == []
