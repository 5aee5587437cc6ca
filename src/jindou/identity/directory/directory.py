"""The directory of an installation: its organisations, and the people and teams of each."""

from collections.abc import Sequence

from jindou.identity.audit import Audit
from jindou.identity.directory.changing import Changing, Departure
from jindou.identity.directory.organisations import Organisations
from jindou.identity.directory.people import People
from jindou.identity.directory.teams import Teams
from jindou.identity.policy import Policy
from jindou.identity.principals import Principals

__all__ = ["Directory"]


class Directory:
    """`people` with the service accounts, `teams`, and the `organisations` that they are in.

    `departures` take away what a room lets somebody do who is deactivated.
    """

    def __init__(self, policy: Policy, audit: Audit, principals: Principals, departures: Sequence[Departure]) -> None:
        changing = Changing(policy, audit, principals, departures)
        self.people = People(changing, principals)
        self.teams = Teams(changing)
        self.organisations = Organisations(principals, audit)
