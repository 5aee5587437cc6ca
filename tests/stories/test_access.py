"""Who may do what, by every door, against an oracle that was written from the documentation alone.

`benchmarks/access.py` tries many thousand cases; these are some of them.
"""

from collections.abc import Generator

import pytest

from support.access import Company, Mix, fuzz, open_company, smallest

SEED = 11
CASES = 240
MIX: Mix = {"decisions": 60, "runs": 20, "http": 100, "page": 30, "client": 10, "keys": 20}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Generator[Company]:
    with open_company(tmp_path_factory.mktemp("access") / "home", SEED, others=1, owners=6) as company:
        yield company


def test_no_door_gives_what_the_oracle_forbids_or_refuses_what_it_allows(company: Company) -> None:
    tried = list(fuzz(company, SEED, range(CASES), MIX))
    assert {door for door, _ in tried} == MIX.keys()
    assert smallest(one for _, found in tried for one in found) == []
