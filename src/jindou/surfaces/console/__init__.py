"""The web console: pages for people, beside the JSON API for programs.

Pages are Jinja templates that htmx refreshes in places; a running conversation and a run's timeline are live islands,
custom elements which read the same events as every other client.
"""

from jindou.surfaces.console.account_proof import ask_for_proof, is_asked
from jindou.surfaces.console.mounting import mount
from jindou.surfaces.console.pages import error_page, page_above

__all__ = ["ask_for_proof", "error_page", "is_asked", "mount", "page_above"]
