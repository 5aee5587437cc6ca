"""Servers that speak OpenAI's API, whoever runs them: where one is, and requests to it."""

from jindou.models.upstreams.types import Endpoint, Upstream

__all__ = ["Endpoint", "Upstream"]
