"""Short messages between the processes of an installation, which save them from looking all the time."""

from jindou.durable.signals.service import Signals

__all__ = ["Signals"]
