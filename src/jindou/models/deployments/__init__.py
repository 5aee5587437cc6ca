"""Deployments: a public model name, and the engines behind it."""

from jindou.models.deployments.protocol import Deployments, prefix_of
from jindou.models.deployments.types import (
    Deployment,
    DeploymentAsk,
    Dialect,
    EnginesBusy,
    Member,
    ModelNotFound,
    Picked,
)

__all__ = [
    "Deployment",
    "DeploymentAsk",
    "Deployments",
    "Dialect",
    "EnginesBusy",
    "Member",
    "ModelNotFound",
    "Picked",
    "prefix_of",
]
