"""Every example that GitHub publishes of a delivery: sent twice, cut off in the middle, and as it was published."""

import pytest

from bot.handling import handle
from bot.models import Delivery, Work
from tests.bot.examples import EXAMPLES, HANDLED, MISSING, Example, Stage, a_stage, every  # noqa: F401


def names(examples: list[Example]) -> set[str]:
    return {example.name for example in examples}


@every(HANDLED)
def test_an_example_sent_twice_has_its_effect_once(stage: Stage, example: Example) -> None:
    payload = example.payload()
    stage.begin(payload)
    sent = stage.play(example.event, payload)
    before = stage.state(inbox=True), stage.requests()
    stage.play_again(sent)
    assert (stage.state(inbox=True), stage.requests()) == before
    before = stage.state(inbox=False), stage.writes()
    stage.play_interrupted(sent)
    assert stage.row(sent).attempts == 2
    assert (stage.state(inbox=False), stage.writes()) == before


def test_every_example_is_accepted_and_ends_in_a_declared_state(stage: Stage) -> None:
    """As published, that is, most of them without the installation that an App's deliveries have."""
    if not EXAMPLES:
        pytest.skip(MISSING)
    assert (len({example.event for example in EXAMPLES}), len(EXAMPLES)) == (58, 329)
    sent = {example.name: stage.standin.webhooks.send(example.event, example.published) for example in EXAMPLES}
    assert {name: one.statuses for name, one in sent.items() if one.statuses != [202]} == {}
    rows = {row.id: row for row in stage.rows(Delivery)}
    assert {name for name, one in sent.items() if rows[one.id].status != Work.IGNORED} == names(HANDLED)
    for one in sent.values():
        handle(stage.context, one.id)
    ended = {row.id: row for row in stage.rows(Delivery)}
    failed = {name for name, one in sent.items() if ended[one.id].status == Work.FAILED}
    assert failed == {one.name for one in HANDLED if "installation" not in one.published}
    errors = {ended[sent[name].id].last_error for name in failed}
    assert errors == {"delivery: the payload has no usable 'installation': dict expected, NoneType found"}
    assert {ended[sent[name].id].status for name in names(HANDLED) - failed} <= {Work.DONE, Work.IGNORED}
