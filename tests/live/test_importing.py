"""A past is imported by the real process, which is killed meanwhile."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from bot.models import Issue, LabelEvent
from tests.live.importing import NAME, Import, long_past
from tests.standin import StandIn


@pytest.mark.slow
def test_import_that_is_killed_thrice_ends_the_same_and_reads_only_pages_in_flight_again(tmp_path: Path) -> None:
    with StandIn() as github:
        least = long_past(github, issues=800, pulls=320, events=2_400)
        whole = Import(github, tmp_path / "whole")
        whole.run()
        pages = whole.pages()
        assert len(pages) == len(set(pages)) == least
        killed = Import(github, tmp_path / "killed")
        killed.run(kills=sorted(random.Random(1).sample(range(1, least), 3)))
        in_flight = [page for page, following in pairwise(killed.pages()) if page == following]
        assert len(killed.twice()) <= 3
        assert killed.twice() == in_flight
        assert set(killed.pages()) == set(pages)
        assert killed.result() == whole.result()
        told = [issue for issue, _ in github.world.find(NAME).events if not issue.pull]
        assert (len(whole.rows(Issue)), len(whole.rows(LabelEvent))) == (800, len(told))
