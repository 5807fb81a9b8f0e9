"""Deliveries of our own: something is to be done with an issue, though GitHub sent no word; handled as its are."""

import json
from datetime import datetime
from typing import Any

from bot.models import Delivery, Repository


def errand(repo: Repository, event: str, number: int, *, again: str = "", due_at: datetime, **asked: Any) -> Delivery:
    """Return a delivery of an event of our own, with which its id begins; `again` tells apart those on one issue.

    It counts as received when it is due: waiting for its turn is no time in which it was tried in vain.
    """
    about = {"id": repo.id, "full_name": repo.full_name, "owner": {"login": repo.full_name.split("/")[0]}}
    told = {"repository": about, "installation": {"id": repo.installation_id}, event: {"number": number, **asked}}
    return Delivery(
        id="-".join((event, *filter(None, [again]), str(repo.id), str(number))),
        event=event,
        repository_id=repo.id,
        subject=f"{repo.id}#{number}",
        body=json.dumps(told),
        received_at=due_at,
        due_at=due_at,
    )
