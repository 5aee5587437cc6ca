"""A process that opens and settles calls until it is killed, and says of each what it was told, once it was told."""

import asyncio
import sys
from datetime import date
from pathlib import Path

from jindou.billing.pricing import Price, PriceBook
from jindou.billing.usage import Attempts, Ledger, Opening, Quantities
from jindou.db import Database
from jindou.durable.queue import Queue
from jindou.errors import JindouError

__all__ = ["SKU", "main"]

SKU = "model:m"
_RATES = {"input_tokens": 1_000_000, "output_tokens": 1_000_000}


def main(url: str, told_path: str, org_id: str, clients: int, calls: int) -> None:
    """Make `calls` calls for each of `clients`, writing ``open <id>`` and ``settled <id> <tokens>`` for each."""
    database = Database(url)
    prices = PriceBook([Price(sku=SKU, valid_from=date(2026, 1, 1), currency="CNY", per_million=_RATES)], "CNY")
    ledger = Ledger(database, Attempts(prices), Queue(30))
    ledger.start()
    with Path(told_path).open("a", encoding="ascii", buffering=1) as told:
        asyncio.run(_clients(ledger, told.write, org_id, clients, calls))
    ledger.stop()
    database.close()


async def _clients(ledger: Ledger, tell: object, org_id: str, clients: int, calls: int) -> None:
    async def client(at: int) -> None:
        opening = Opening(
            org_id=org_id,
            person_id=f"prs_{at}",
            key_id="key_1",
            skus=(SKU,),
            worst=Quantities(input_tokens=500, output_tokens=500),
        )
        for n in range(calls):
            try:
                attempt = (await ledger.open(opening)).attempt_id
            except JindouError as error:
                _say(tell, f"refused {error.code} -\n")
                continue
            _say(tell, f"open {attempt} -\n")
            tokens = 100 + n % 400
            await ledger.settle(attempt, Quantities(input_tokens=tokens))
            _say(tell, f"settled {attempt} {tokens}\n")

    await asyncio.gather(*(client(at) for at in range(clients)))


def _say(tell: object, line: str) -> None:
    if callable(tell):
        tell(line)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
