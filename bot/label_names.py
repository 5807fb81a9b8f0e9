"""Labels under the names that they once had: GitHub's events, and models, tell of a label by the name of then. Pure."""

from collections.abc import Iterable
from datetime import datetime

from bot.models import Label


class LabelNames:
    """A repository's labels, deleted ones too, by id and by name, present or former, without regard to case."""

    def __init__(self, labels: Iterable[Label]) -> None:
        labels = list(labels)
        self._by_id = {label.id: label.name for label in labels if label.removed_at is None}
        self._living = {label.name.lower(): label.name for label in labels if label.removed_at is None}
        self._former: dict[str, list[tuple[datetime, str]]] = {}
        for label in labels:
            for name, until in label.former.items() if label.removed_at is None else ():
                self._former.setdefault(name, []).append((datetime.fromisoformat(until), label.name))

    def of(self, label_id: int, name: str, at: datetime) -> str:
        """Return the present name of a label that an act at a moment tells of; that of then where it is not there."""
        return self._by_id.get(label_id) or self.present(name, at)

    def present(self, name: str, at: datetime) -> str:
        """Return what :meth:`now` does; the name itself where the repository has the label no more."""
        return self.now(name, at) or name

    def now(self, name: str, at: datetime) -> str | None:
        """Return what the label that had that name at a moment is called now; None where the repository has it no more.

        A name can have been given up by one label and taken by another: the moment tells which one is meant.
        """
        former = sorted(self._former.get(name.lower(), ()))
        then = next((label for until, label in former if at < until), None)
        return then or self._living.get(name.lower()) or (former[-1][1] if former else None)


def give_up(former: dict[str, str], name: str, at: datetime) -> dict[str, str]:
    """Return a label's former names with one more, which it had until a moment."""
    return {**former, name.lower(): at.isoformat()}
