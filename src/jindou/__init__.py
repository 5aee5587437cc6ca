"""Jindou: an AI cloud that a company runs itself."""

__version__ = "0.1.0"
__all__ = ["__version__"]
