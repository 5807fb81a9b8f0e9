"""A backbone is adapted to texts by guessing their masked words."""

from collections.abc import Sequence

import pytest
import torch

from pipeline import adaptation
from pipeline.adaptation import WordHead, adapt
from pipeline.errors import BackboneError
from pipeline.layers import Backbone
from pipeline.trainer import Schedule
from tests.pipeline import tiny
from tests.pipeline.samples import labelled

TEXTS = [issue.text for issue in labelled(40)]
NAME = "encoder.layer.2.output.dense.weight"
SCHEDULE = Schedule(epochs=6, rate=1e-2, batch=8)
ALIKE = ["crash " * 6, "typo " * 6] * 20  # what is masked is told by what is not


def adapted(
    frozen: int, seed: int = 0, texts: Sequence[str] = TEXTS, schedule: Schedule = SCHEDULE
) -> tuple[Backbone, list[tuple[int, float]]]:
    backbone = Backbone(tiny.encoder(), frozen=frozen, tokens=48)
    return backbone, adapt(backbone, texts, schedule=schedule, seed=seed, report=lambda done: None)


def changed(backbone: Backbone) -> set[str]:
    before = Backbone(tiny.encoder(), frozen=0, tokens=48).model.state_dict()
    return {name for name, value in backbone.model.state_dict().items() if not torch.equal(value, before[name])}


def test_masked_words_are_guessed_better_and_better() -> None:
    losses = [loss for _, loss in adapted(1, texts=ALIKE, schedule=Schedule(epochs=40, rate=1e-2, batch=8))[1]]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_only_the_upper_layers_change() -> None:
    names = changed(adapted(2)[0])
    assert names
    assert all("layer.2" in name for name in names)


def test_the_weights_may_be_a_mean_of_those_before_and_after() -> None:
    def weights(share: float) -> torch.Tensor:
        backbone = Backbone(tiny.encoder(), frozen=2, tokens=48)
        adapt(backbone, TEXTS, schedule=SCHEDULE, seed=0, report=lambda done: None, share=share)
        found: torch.Tensor = backbone.model.state_dict()[NAME]
        return found

    none, half, whole = weights(0), weights(0.5), weights(1)
    assert torch.allclose(half, (none + whole) / 2)
    assert not torch.allclose(none, whole)
    assert torch.equal(none, Backbone(tiny.encoder(), frozen=2, tokens=48).model.state_dict()[NAME])


def test_with_no_frozen_layer_all_layers_change_but_the_words_stay() -> None:
    names = changed(adapted(0)[0])
    assert {"layer.0", "layer.1", "layer.2"} == {
        part for part in ("layer.0", "layer.1", "layer.2") for n in names if part in n
    }
    assert not {name for name in names if "word_embeddings" in name}


def test_it_depends_on_the_seed_alone() -> None:
    (_, one), (_, again), (_, other) = adapted(2), adapted(2), adapted(2, seed=1)
    assert one == again != other


def test_the_head_begins_with_how_frequent_the_words_of_the_texts_are() -> None:
    words, counts = torch.eye(6)[:4], torch.tensor([3, 0, 1, 4])
    head = WordHead(words, counts)
    logits = head(torch.ones(1, 6))  # alike in all dimensions: a normalised state of zeros
    assert torch.allclose(logits.softmax(-1), torch.tensor([[3, 1, 4]]) / 8)
    assert torch.equal(head.words, words[[0, 2, 3]])
    assert head.place[[0, 2, 3]].tolist() == [0, 1, 2]


def test_the_head_learns_before_the_layers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def begins(epochs: int) -> float:
        monkeypatch.setattr(adaptation, "HEAD", Schedule(epochs, rate=3e-2, batch=64))
        return adapted(2, texts=ALIKE, schedule=Schedule(epochs=1, rate=1e-9, batch=40))[1][0][1]

    assert begins(60) < 0.8 * begins(1)


def test_a_backbone_without_a_mask_token_is_an_error() -> None:
    backbone = Backbone(tiny.encoder(), frozen=0, tokens=48)
    backbone.tokenizer.mask_token = None
    with pytest.raises(BackboneError, match="has no mask token"):
        adapt(backbone, TEXTS, schedule=SCHEDULE, seed=0, report=lambda done: None)
