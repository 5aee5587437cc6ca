"""Deployments: a public model name, and the engines behind it."""

from jindou.models.deployments.credentials import Credentials
from jindou.models.deployments.opening import open_deployments
from jindou.models.deployments.picked import Picked
from jindou.models.deployments.service import Deployments, prefix_of
from jindou.models.deployments.types import (
    Deployment,
    DeploymentAsk,
    EnginesBusy,
    EngineView,
    Member,
    ModelName,
    ModelNotFound,
)

__all__ = [
    "Credentials",
    "Deployment",
    "DeploymentAsk",
    "Deployments",
    "EngineView",
    "EnginesBusy",
    "Member",
    "ModelName",
    "ModelNotFound",
    "Picked",
    "open_deployments",
    "prefix_of",
]
