"""The typed Python client of Jindou.

    with Client(token="…") as client:
        run = client.runs.start("Where is the parcel of order SO-10871?")
        for event in client.runs.events(run.id):
            print(event.type)

Types are in `jindou_client.types`, errors in `jindou_client.errors`.
"""

from jindou_client.client import Client
from jindou_client.errors import ClientError

__all__ = ["Client", "ClientError"]
