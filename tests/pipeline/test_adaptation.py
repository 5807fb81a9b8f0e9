"""A backbone is adapted to texts by guessing their masked words."""

import pytest
import torch

from pipeline.adaptation import MaskedLm, adapt
from pipeline.errors import BackboneError
from pipeline.layers import Backbone
from pipeline.trainer import Schedule
from tests.pipeline import tiny
from tests.pipeline.samples import labelled

TEXTS = [issue.text for issue in labelled(40)]
SCHEDULE = Schedule(epochs=6, rate=1e-2, batch=8)


def adapted(frozen: int, seed: int = 0) -> tuple[Backbone, list[tuple[int, float]]]:
    backbone = Backbone(tiny.encoder(), frozen=frozen, tokens=48)
    return backbone, adapt(backbone, TEXTS, schedule=SCHEDULE, seed=seed, report=lambda done: None)


def changed(backbone: Backbone) -> set[str]:
    before = Backbone(tiny.encoder(), frozen=0, tokens=48).model.state_dict()
    return {name for name, value in backbone.model.state_dict().items() if not torch.equal(value, before[name])}


def test_masked_words_are_guessed_better_and_better() -> None:
    losses = [loss for _, loss in adapted(1)[1]]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_only_the_upper_layers_change() -> None:
    names = changed(adapted(2)[0])
    assert names
    assert all("layer.2" in name for name in names)


def test_with_no_frozen_layer_all_layers_change_but_the_words_stay() -> None:
    names = changed(adapted(0)[0])
    assert {"layer.0", "layer.1", "layer.2"} == {
        part for part in ("layer.0", "layer.1", "layer.2") for n in names if part in n
    }
    assert not {name for name in names if "word_embeddings" in name}


def test_it_depends_on_the_seed_alone() -> None:
    (_, one), (_, again), (_, other) = adapted(2), adapted(2), adapted(2, seed=1)
    assert one == again != other


def test_the_head_is_tied_to_the_embeddings_of_the_words() -> None:
    backbone = Backbone(tiny.encoder(), frozen=0, tokens=48)
    model = MaskedLm(backbone.model)
    inputs = backbone.tokenize(["crash in the guide"])
    masked = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    masked[0, 2] = True
    assert model(**inputs, masked=masked).shape == (1, backbone.model.config.vocab_size)
    assert model.words is backbone.model.get_input_embeddings().weight


def test_a_backbone_without_a_mask_token_is_an_error() -> None:
    backbone = Backbone(tiny.encoder(), frozen=0, tokens=48)
    backbone.tokenizer.mask_token = None
    with pytest.raises(BackboneError, match="has no mask token"):
        adapt(backbone, TEXTS, schedule=SCHEDULE, seed=0, report=lambda done: None)
