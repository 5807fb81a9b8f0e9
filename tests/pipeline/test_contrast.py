"""The contrastive loss: alike labels pull together, different ones push apart."""

import pytest
import torch

from pipeline.contrast import contrast
from pipeline.issues import UNKNOWN

ONE, OTHER = [1.0, 0.0], [0.0, 1.0]


class Placed(torch.nn.Module):
    """Embeds nothing: the vectors are there."""

    def embed(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return hidden


def loss(vectors: list[list[float]], targets: list[list[int]]) -> float:
    inputs = {"hidden": torch.tensor(vectors), "mask": torch.ones(len(vectors), 1), "targets": torch.tensor(targets)}
    return float(contrast(Placed(), inputs))  # type: ignore[arg-type]


def test_it_is_nothing_where_alike_lie_together_and_others_at_right_angles() -> None:
    assert loss([ONE, ONE, OTHER], [[1, 0], [1, 0], [0, 1]]) == 0


def test_both_kinds_of_pairs_weigh_the_same_however_many_there_are() -> None:
    apart = loss([ONE, OTHER, OTHER, OTHER], [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    assert apart == pytest.approx((1 + 3 / 5) / 2)  # one alike, of cosine 0; of five others three of cosine 1


def test_a_label_in_common_among_others_asks_for_a_cosine_of_the_share() -> None:
    half = [0.5, 0.75**0.5]
    assert loss([ONE, half], [[1, 0], [1, 1]]) == pytest.approx(0, abs=1e-6)


def test_issues_of_which_nothing_is_known_are_in_no_pair() -> None:
    known = loss([ONE, OTHER], [[1, 0], [1, 0]])
    assert loss([ONE, OTHER, ONE], [[1, 0], [1, 0], [UNKNOWN, UNKNOWN]]) == known > 0
