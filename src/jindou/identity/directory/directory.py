"""The directory of an installation: its organisations, and the people and teams of each."""

from collections.abc import Mapping, Sequence

from jindou.identity.audit import Audit
from jindou.identity.directory.arrivals import Arrivals
from jindou.identity.directory.changing import Changing, Departure
from jindou.identity.directory.organisations import Organisations
from jindou.identity.directory.people import People
from jindou.identity.directory.teams import Teams
from jindou.identity.policy import Policy
from jindou.identity.principals import Principals

__all__ = ["Directory"]


class Directory:
    """`people` with the service accounts, `teams`, and the `organisations` that they are in.

    `arrivals` are those whom an identity provider vouches for.

    `departures` take away what a room lets somebody do who is deactivated, `removals` what it knows them by, once
    they are removed; `mapped` are the roles that the operator
    gave to groups of a provisioning system, by the groups' names. `hold` lets nobody else
    change any of an organisation, for who reads before they change; `require_roles` lets roles pass that a rule names.
    """

    def __init__(
        self,
        policy: Policy,
        audit: Audit,
        principals: Principals,
        *,
        departures: Sequence[Departure],
        removals: Sequence[Departure],
        mapped: Mapping[str, Sequence[str]],
    ) -> None:
        changing = Changing(policy, audit, principals, departures, removals)
        self.hold = changing.hold
        self.require_roles = changing.require_roles
        self.arrivals = Arrivals(changing, principals, audit)
        self.people = People(changing, principals)
        self.teams = Teams(changing, mapped)
        self.organisations = Organisations(principals, audit)
