"""The deployments of an installation, by its settings and its home folder."""

from collections.abc import Callable

from jindou.db import Database
from jindou.home import Home
from jindou.identity.audit import Audit
from jindou.identity.policy import Policy
from jindou.models.deployments.credentials import Credentials
from jindou.models.deployments.service import Deployments
from jindou.models.deployments.types import Deployment, Member
from jindou.models.serving import Models
from jindou.settings import Settings

__all__ = ["open_deployments"]


def open_deployments(
    settings: Settings,
    home: Home,
    database: Database,
    *,
    policy: Policy,
    audit: Audit,
    models: Models,
    model: Callable[[], str | None],
) -> Deployments:
    """Return the deployments on `models`; everybody has the one that `model` says, which is asked again and again.

    In a process that does not run the models, `models` are `remote_models` and `model` is `Home.standing_model`.
    """

    def standing() -> Deployment | None:
        name, tokens = model(), settings.context_tokens
        if name is None:
            return None
        return Deployment(name=name, members=(Member(model=name),), context_tokens=tokens, is_standing=True)

    keys = {name: secret.get_secret_value() for name, secret in settings.engine_keys.items()}
    return Deployments(
        database,
        policy=policy,
        audit=audit,
        models=models,
        credentials=Credentials(home.engine_keys, keys),
        standing=standing,
        context_tokens=settings.context_tokens,
    )
