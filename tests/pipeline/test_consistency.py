"""The loss of UDA: what is held on to, what is annealed, and how the parts add up."""

import math
from typing import Any

import pytest
import torch

from pipeline.consistency import Consistency, Pairs, Strength, bound
from pipeline.issues import UNKNOWN

PLAIN = {"weight": 1.0, "ratio": 1, "confidence": 0.8, "temperature": 1.0, "anneal": False}
NONE = Pairs([], [])


class Said(torch.nn.Module):
    """Says of each text the log odds that stand in its first token."""

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return hidden[:, 0]


def text(*logits: float) -> torch.Tensor:
    return torch.tensor([logits], requires_grad=True)


def loss(labelled: list[torch.Tensor], targets: list[list[int]], pairs: Pairs = NONE, **more: Any) -> torch.Tensor:
    inputs = {"hidden": torch.stack(labelled), "mask": torch.ones(len(labelled), 1), "targets": torch.tensor(targets)}
    made = Consistency(pairs, Strength(**{**PLAIN, **more}), steps=10, seed=0)
    return made(Said(), inputs)  # type: ignore[arg-type]


def entropy(held: float, said: float) -> float:
    p, q = 1 / (1 + math.exp(-held)), 1 / (1 + math.exp(-said))
    return -(p * math.log(q) + (1 - p) * math.log(1 - q))


def test_without_unlabelled_texts_it_is_the_cross_entropy_of_the_cells_that_are_known() -> None:
    found = loss([text(1.0, 5.0)], [[1, UNKNOWN]])
    assert found.item() == pytest.approx(math.log(1 + math.exp(-1)))


def test_cells_that_are_predicted_well_teach_nothing_at_first() -> None:
    easy = loss([text(3.0, -0.1)], [[1, 1]], anneal=True)
    assert easy.item() == pytest.approx(math.log(1 + math.exp(0.1)))


def test_the_bound_of_annealing_rises_from_a_coin_toss_to_certainty() -> None:
    bounds = [bound(step / 10) for step in range(11)]
    assert bounds == sorted(bounds)
    assert bounds[0] == pytest.approx(0.5, abs=0.01)
    assert bounds[-1] == 1.0


def test_a_confident_prediction_is_held_against_the_other_words_and_a_doubtful_one_is_not() -> None:
    pairs = Pairs([text(3.0, 0.5)], [text(1.0, 1.0)])
    found = loss([text(100.0, 100.0)], [[1, 1]], pairs)
    assert found.item() == pytest.approx(entropy(3.0, 1.0) / 2, rel=1e-5)  # no confident no: half of the sum


def test_a_temperature_below_one_sharpens_what_is_held() -> None:
    pairs = Pairs([text(2.0)], [text(0.0)])
    sharp = loss([text(100.0)], [[1]], Pairs([text(2.0)], [text(1.0)]), temperature=0.5)
    assert sharp.item() == pytest.approx(entropy(4.0, 1.0) / 2, rel=1e-5)
    assert loss([text(100.0)], [[1]], pairs, weight=0.0).item() == pytest.approx(0, abs=1e-6)


def test_what_has_the_label_weighs_as_much_in_sum_as_what_has_it_not() -> None:
    pairs = Pairs([text(3.0, -3.0, -3.0, -3.0)], [text(0.0, 0.0, 0.0, 0.0)])
    assert loss([text(9.0, 9.0, 9.0, 9.0)], [[1, 1, 1, 1]], pairs).item() == pytest.approx(math.log(2), rel=1e-3)


def test_only_the_reworded_text_is_taught() -> None:
    original, reworded = text(3.0), text(1.0)
    loss([text(9.0)], [[1]], Pairs([original], [reworded])).backward()
    assert original.grad is None
    assert reworded.grad is not None
    assert float(reworded.grad) < 0  # up, to what the original says


def test_the_same_seed_draws_the_same_unlabelled_texts() -> None:
    many = Pairs([text(float(n)) for n in range(3, 30)], [text(0.0)] * 27)
    one, again = (loss([text(9.0)], [[1]], many, ratio=3).item() for _ in range(2))
    assert one == again
