"""Where a repository is paused or in shadow mode, nothing is written unasked; not even what is under way."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import sync, tagging
from bot.models import Delivery, Mode, Work
from bot.reasons import Reason
from bot.repo_config import PATH
from tests.bot.usecases import CRASH, START, Tagger, ours
from tests.standin.fixtures import NAME

STOPS: dict[Reason, dict[str, object]] = {Reason.PAUSED: {"paused_at": START}, Reason.SHADOW: {"mode": Mode.SHADOW}}
WHY = pytest.mark.parametrize("why", STOPS)


@pytest.fixture
def changing(taught: Tagger, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what opens an issue, and lets something be set for the repository while it is thought about."""

    def opened(**columns: object) -> int:
        think = tagging.think

        def and_set(*given: Any, **more: Any) -> Any:
            taught.enrol(**columns)
            return think(*given, **more)

        monkeypatch.setattr(tagging, "think", and_set)
        return taught.open(CRASH)

    return opened


@WHY
def test_what_is_under_way_is_not_written(taught: Tagger, changing: Callable[..., int], why: Reason) -> None:
    number = changing(**STOPS[why])
    assert (taught.writes(), taught.prediction(number).not_written) == ([], why)
    assert {row.status for row in taught.rows(Delivery)} == {Work.DONE}


def test_label_that_is_only_to_be_suggested_since_is_not_put_on(taught: Tagger, changing: Callable[..., int]) -> None:
    number = changing(mode=Mode.SUGGEST)
    assert taught.issue(number).names() == set()
    assert "- [ ] `bug`" in ours(taught, number).body


@WHY
def test_comment_is_not_folded(suggesting: Tagger, why: Reason) -> None:
    number = suggesting.open(CRASH)
    before = ours(suggesting, number).body
    suggesting.enrol(**STOPS[why])
    suggesting.github.people.label(NAME, number, "bug")
    suggesting.catch_up()
    assert ours(suggesting, number).body == before


@pytest.mark.parametrize("mode", [None, Mode.APPLY])
def test_configuration_that_only_an_earlier_release_took_lets_nothing_be_written(
    taught: Tagger, mode: Mode | None
) -> None:
    text = "rules: [{label: a, title: 'x{1000000}'}]"
    taught.github.world.find(NAME).files[PATH] = text.encode()
    taught.enrol(config=text, config_path=f"{NAME}/{PATH}", mode=mode)
    taught.open(CRASH)
    sync.pull(taught.context, taught.repo)
    assert taught.writes() == []
    assert {row.status for row in taught.rows(Delivery)} == {Work.DONE}
    assert "line 1: the counts in braces" in (taught.repo.config_problems or [""])[0]
