"""`/v1`: the models, as any OpenAI client asks them, with a key of a person."""

from jindou.surfaces.http.v1.app import V1
from jindou.surfaces.http.v1.call import Call

__all__ = ["V1", "Call"]
