"""The client: one server, one token, and what it can be asked, by name."""

from types import TracebackType
from typing import Self

from jindou_client.accounts import Accounts
from jindou_client.approvals import Approvals
from jindou_client.assistants import Assistants
from jindou_client.audit import Audit
from jindou_client.budgets import Budgets
from jindou_client.conversations import Conversations
from jindou_client.decisions import Decisions
from jindou_client.deployments import Deployments
from jindou_client.keys import Keys
from jindou_client.models import Models
from jindou_client.organisations import Organisations
from jindou_client.people import People, ServiceAccounts
from jindou_client.policies import Policies
from jindou_client.principals import Principals
from jindou_client.readings import Readings
from jindou_client.runs import Runs
from jindou_client.secrets import Secrets
from jindou_client.sessions import Sessions
from jindou_client.sso import Sso
from jindou_client.teams import Teams
from jindou_client.transport import Transport
from jindou_client.types import DemoReset, ServerStatus
from jindou_client.usage import Usage
from jindou_client.webhooks import Webhooks

__all__ = ["DEFAULT_URL", "Client"]

DEFAULT_URL = "http://127.0.0.1:8787"


class Client:
    """A Jindou server, as the person whom `token` speaks for. Use it in a `with` block, or `close` it.

    Every method raises the errors of `jindou_client.errors`. `patience` is how many seconds `runs.events` keeps
    trying to reach a server that went away.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, patience: float = 60.0) -> None:
        self._transport = Transport(url or DEFAULT_URL, token)
        self.runs = Runs(self._transport, patience)
        self.approvals = Approvals(self._transport)
        self.conversations = Conversations(self._transport)
        self.readings = Readings(self._transport)
        self.webhooks = Webhooks(self._transport)
        self.assistants = Assistants(self._transport)
        self.usage = Usage(self._transport)
        self.budgets = Budgets(self._transport)
        self.keys = Keys(self._transport)
        self.secrets = Secrets(self._transport)
        self.deployments = Deployments(self._transport)
        self.models = Models(self._transport)
        self.audit = Audit(self._transport)
        self.decisions = Decisions(self._transport)
        self.sessions = Sessions(self._transport)
        self.accounts = Accounts(self._transport)
        self.policies = Policies(self._transport)
        self.sso = Sso(self._transport)
        self.principals = Principals(self._transport)
        self.people = People(self._transport)
        self.service_accounts = ServiceAccounts(self._transport)
        self.teams = Teams(self._transport)
        self.organisations = Organisations(self._transport)

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._transport.url

    def status(self) -> ServerStatus:
        """Return how the server is; takes no token."""
        return self._transport.get(ServerStatus, "/api/status")

    def reset_demo(self) -> DemoReset:
        """Make the demo company's data anew, as the local operator; runs under way are cancelled."""
        return self._transport.post(DemoReset, "/api/demo/reset")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
