"""Requests and answers, and answers that are one page of many."""

import base64
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

MOST_BY_NUMBER = 10_000  # items that page numbers reach
T = TypeVar("T")


@dataclass
class Request:
    """A request, once its sender is known: "app", "installation:7", or "anonymous"."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    actor: str = "anonymous"
    installation_id: int | None = None


@dataclass
class Answer:
    """What is answered."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Answer({"message": message, "documentation_url": "", "status": str(status)}, status, named)


def page(
    url: str,
    request: Request,
    items: Sequence[T],
    shape: Callable[[T], Any],
    *,
    under: str | None = None,
    place: Callable[[T], list[float]] | None = None,
) -> Answer:
    """Return one page of `items`, and where on `url` the next one is; only what is on the page is brought into shape.

    Page numbers end at 10,000 items. Where items have a `place`, which grows from one to the next, the next page
    begins `after` one.
    """
    size, number = min(int(request.query.get("per_page", 30)), 100), int(request.query.get("page", 1))
    begin = (number - 1) * size
    if place and "after" in request.query:
        begin = bisect_right(items, json.loads(base64.urlsafe_b64decode(request.query["after"])), key=place)
    elif number * size > MOST_BY_NUMBER:
        raise HttpError(422, "Pagination with the page parameter is not supported for large datasets")
    chosen = items[begin : begin + size]
    body: Any = [shape(each) for each in chosen]
    if under:
        body = {"total_count": len(items), under: body}
    if begin + size >= len(items):
        return Answer(body)
    query = {**request.query, "page": str(number + 1)}
    if place:
        query["after"] = base64.urlsafe_b64encode(json.dumps(place(chosen[-1])).encode()).decode()
    following = f"{url}{request.path}?{urlencode(query)}"
    return Answer(body, headers={"Link": f'<{following}>; rel="next", <{url}/last>; rel="last"'})
