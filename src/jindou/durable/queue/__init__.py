"""Tasks that outlive the process: enqueued with the state that needs them, held under a lease, done once."""

from jindou.durable.queue.service import Queue
from jindou.durable.queue.types import Lease, LeaseLost, Standing
from jindou.durable.queue.worker import Handler, Worker

__all__ = ["Handler", "Lease", "LeaseLost", "Queue", "Standing", "Worker"]
