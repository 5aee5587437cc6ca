"""ik_llama.cpp as an engine: faster kernels for the same files, where the extra `fast` is installed."""

from jindou.models.ik.engine import IkEngine

__all__ = ["IkEngine"]
