"""What is trained: pooling over the tokens that are there, a head, and a loss of the cells that are known."""

import numpy as np
import pytest
import torch

from pipeline.classifier import Classifier, batch, embed, head_of, known_bce, pool, predict
from pipeline.heads import fit_head
from pipeline.issues import UNKNOWN
from pipeline.layers import Backbone
from tests.pipeline import tiny

TEXTS = ["crash in the guide", "typo", "error in the manual " * 5]
STATES = torch.tensor([[[1.0, 5.0], [3.0, 1.0], [9.0, 9.0]]])
MASK = torch.tensor([[1, 1, 0]])


@pytest.mark.parametrize(("pooling", "expected"), [("mean", [2, 3]), ("max", [3, 5]), ("first", [1, 5])])
def test_padding_is_not_pooled(pooling: str, expected: list[float]) -> None:
    assert pool(STATES, MASK, pooling).tolist() == [expected]


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone(tiny.encoder(), frozen=1, tokens=48)


def classifier(backbone: Backbone, labels: int = 2) -> Classifier:
    torch.manual_seed(0)
    return Classifier(backbone.upper(), backbone.pooling, backbone.dimensions, labels)


def test_each_text_is_embedded_to_length_one_whatever_stands_beside_it(backbone: Backbone) -> None:
    made, hidden = classifier(backbone), backbone.read(TEXTS)
    vectors = embed(made, hidden)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors, np.vstack([embed(made, [each]) for each in hidden]), atol=1e-5)


def test_predictions_are_those_of_the_head_in_evaluation(backbone: Backbone) -> None:
    made, hidden = classifier(backbone).train(), backbone.read(TEXTS)
    found = predict(made, hidden)
    assert made.training  # as before
    with torch.no_grad():
        expected = torch.sigmoid(made.eval()(**batch(hidden)))
    assert np.allclose(found, expected.numpy(), atol=1e-5)


def test_a_head_that_is_taken_is_the_one_that_is_there(backbone: Backbone) -> None:
    made, targets = classifier(backbone), np.array([[1, 0], [0, 1], [1, UNKNOWN]], dtype=np.int8)
    head = fit_head(embed(made, backbone.read(TEXTS)), targets)
    made.set_head(head)
    assert all(np.array_equal(found, expected) for found, expected in zip(head_of(made), head, strict=True))


def test_cells_that_are_unknown_have_no_part_in_the_loss(backbone: Backbone) -> None:
    made, inputs = classifier(backbone).eval(), batch(backbone.read(TEXTS))
    rows = [[1, 0], [0, 1], [1, 1]]

    def loss(targets: list[list[int]]) -> float:
        return known_bce(made, {**inputs, "targets": torch.tensor(targets)}).item()

    first = loss([rows[0], [UNKNOWN, UNKNOWN], [UNKNOWN, UNKNOWN]])
    assert first == pytest.approx(3 * loss(rows) - loss([[UNKNOWN] * 2, *rows[1:]]) * 2, rel=1e-4)
    assert loss([[UNKNOWN, UNKNOWN]] * 3) == 0
