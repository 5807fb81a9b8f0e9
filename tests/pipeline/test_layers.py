"""A backbone is read in two parts, which together say what the whole does."""

from collections.abc import Iterator

import pytest
import torch
import transformers

from pipeline.errors import BackboneError
from pipeline.layers import Backbone
from tests.pipeline import tiny

TEXTS = ["crash in the guide", "a typo", "error " * 30]


def whole(backbone: Backbone, model: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Yield what a model makes of each text on its own, (tokens, dimensions)."""
    for text in TEXTS:
        with torch.no_grad():
            yield model(**backbone.tokenize([text])).last_hidden_state[0]


@pytest.mark.parametrize("frozen", [0, 1, 3])
def test_upper_layers_on_lower_ones_say_what_the_whole_says(frozen: int) -> None:
    backbone = Backbone(tiny.encoder(), frozen=frozen, tokens=48)
    upper = backbone.upper().eval()
    for hidden, expected in zip(backbone.read(TEXTS), whole(backbone, backbone.model), strict=True):
        mask = torch.ones(1, len(hidden), dtype=torch.long)
        with torch.no_grad():
            found = upper(inputs_embeds=hidden[None], attention_mask=mask).last_hidden_state[0]
        assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("frozen", [0, 2])
def test_what_is_joined_has_the_trained_layers_and_the_backbone_keeps_its_own(frozen: int) -> None:
    backbone = Backbone(tiny.encoder(), frozen=frozen, tokens=48)
    before = {name: value.clone() for name, value in backbone.model.state_dict().items()}
    upper = backbone.upper()
    with torch.no_grad():
        for parameter in upper.parameters():
            parameter.add_(0.1)
    joined = backbone.joined(upper).state_dict()
    changed = {name for name in before if not torch.equal(before[name], joined[name])}
    assert {name for name in changed if "layer.2" in name}
    assert not frozen or not {name for name in changed if "layer.0" in name or "layer.1" in name or "embed" in name}
    assert all(torch.equal(before[name], value) for name, value in backbone.model.state_dict().items())


def test_a_text_is_read_alike_alone_and_beside_longer_ones() -> None:
    backbone = Backbone(tiny.encoder(), frozen=1, tokens=48)
    for alone, beside in zip([backbone.read([text])[0] for text in TEXTS], backbone.read(TEXTS), strict=True):
        assert torch.allclose(alone, beside, atol=1e-5)


def test_no_more_tokens_are_read_than_asked_for() -> None:
    assert [len(each) for each in Backbone(tiny.encoder(), frozen=1, tokens=8).read(TEXTS)] == [7, 4, 8]


def test_more_frozen_layers_than_there_are_is_an_error() -> None:
    with pytest.raises(BackboneError, match=r"4 layers of .* cannot be kept as they are; set frozen to 0"):
        Backbone(tiny.encoder(), frozen=4, tokens=48)


def test_of_a_decoder_only_all_layers_can_be_trained(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("gpt2")
    config = transformers.GPT2Config(
        vocab_size=900, bos_token_id=0, eos_token_id=0, n_embd=16, n_layer=2, n_head=2, n_positions=64
    )
    transformers.GPT2Model(config).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(tiny.encoder()).save_pretrained(folder)
    with pytest.raises(BackboneError, match="set frozen to 0"):
        Backbone(str(folder), frozen=1, tokens=48)
    backbone = Backbone(str(folder), frozen=0, tokens=48)
    assert [each.shape[1] for each in backbone.read(TEXTS)] == [16, 16, 16]
