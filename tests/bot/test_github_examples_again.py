"""Every example that GitHub publishes of a delivery: sent twice, cut off in the middle, and as it was published."""

import random

import pytest

from bot.handling import handle
from bot.models import Delivery, Work
from tests.bot.examples import EXAMPLES, HANDLED, INJECTED, MISSING, Example, Payload, Stage, a_stage, every  # noqa: F401
from tests.standin import Delivery as Sent


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


SIZES = [5, 4, 4, 2, 1, 8]  # installations, repositories, labels, issues, what is known of them, acts
OWNERS = {"Codertocat": INJECTED, "Octocoders": 12, "octo-org": 13}


def installed(example: Example) -> Payload:
    """Return an example's payload under the one installation of its owner; as published they contradict each other."""
    if "repository" not in example.published:
        return example.payload()
    return example.payload(installation={"id": OWNERS[example.published["repository"]["owner"]["login"]]})


def live_through(stage: Stage, order: list[Example]) -> dict[str, list[str]]:
    """Let GitHub be as the examples leave it, send them, and return how it looks to the bot in the end."""
    stage.begin_anew()
    payloads = {example.name: installed(example) for example in HANDLED}
    for example in sorted(HANDLED, key=lambda one: one.kind == "issues.deleted"):  # which is final, and comes last
        stage.place(payloads[example.name])
    del stage.standin.world.installations[2]  # its deletion is among the examples
    sent: dict[str, Sent] = {}
    for example in order:
        one = sent.setdefault(example.name, Sent(example.event, payloads[example.name], id=example.name))
        stage.play_again(one)
    assert {stage.status(one) for one in sent.values()} <= {Work.DONE, Work.IGNORED}
    return stage.view()


@pytest.mark.parametrize("seed", range(6))
def test_all_examples_twice_and_in_any_order_end_in_the_same_state(stage: Stage, seed: int) -> None:
    if not EXAMPLES:
        pytest.skip(MISSING)
    order = [*HANDLED, *HANDLED]
    expected = live_through(stage, order)
    assert [len(rows) for rows in expected.values()] == SIZES
    random.Random(seed).shuffle(order)
    assert live_through(stage, order) == expected
    assert stage.writes() == []


def test_every_example_is_accepted_and_ends_in_a_declared_state(stage: Stage) -> None:
    """As published, that is, most of them without the installation that an App's deliveries have."""
    if not EXAMPLES:
        pytest.skip(MISSING)
    assert (len({example.event for example in EXAMPLES}), len(EXAMPLES)) == (58, 329)
    sent = {example.name: stage.standin.webhooks.send(example.event, example.published) for example in EXAMPLES}
    assert {name: one.statuses for name, one in sent.items() if one.statuses != [202]} == {}
    rows = {row.id: row for row in stage.rows(Delivery)}
    assert {name for name, one in sent.items() if rows[one.id].status != Work.IGNORED} == names(HANDLED)
    for one in HANDLED:
        if "installation" in one.published:
            stage.place(one.published)
    for one in sent.values():
        handle(stage.context, one.id)
    ended = {row.id: row for row in stage.rows(Delivery)}
    failed = {name for name, one in sent.items() if ended[one.id].status == Work.FAILED}
    lacking = {one.name for one in HANDLED if "installation" not in one.published}
    assert failed <= lacking
    assert {ended[sent[name].id].status for name in lacking - failed} == {Work.IGNORED}, "of what is not served"
    errors = {ended[sent[name].id].last_error for name in failed}
    assert errors == {"delivery: the payload has no usable 'installation': dict expected, NoneType found"}
    assert {ended[sent[name].id].status for name in names(HANDLED) - failed} <= {Work.DONE, Work.IGNORED}
