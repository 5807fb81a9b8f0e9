from pathlib import Path

import pytest
import transformers

from pipeline.checkpoints import load_for
from pipeline.errors import BackboneError


@pytest.mark.parametrize("kind", [transformers.AutoModelForMaskedLM, transformers.AutoModelForSequenceClassification])
def test_checkpoint_that_lacks_the_head_asked_for_is_refused(checkpoint: Path, kind: type) -> None:
    with pytest.raises(BackboneError, match=rf"has no weights for .*, which {kind.__name__} needs"):
        load_for(kind, str(checkpoint))


def test_head_that_is_there_is_read(checkpoint: Path, tmp_path: Path) -> None:
    bert = transformers.BertConfig.from_pretrained(checkpoint)
    transformers.BertForMaskedLM(bert).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(checkpoint).save_pretrained(tmp_path)
    model, _ = load_for(transformers.AutoModelForMaskedLM, str(tmp_path))
    assert not model.training


def test_loading_a_checkpoint_says_nothing(checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    transformers.utils.logging.enable_progress_bar()
    load_for(transformers.AutoModel, str(checkpoint))
    assert capfd.readouterr() == ("", "")


def test_backbone_may_lack_its_pooler_but_no_layer(checkpoint: Path, tmp_path: Path) -> None:
    bert = transformers.BertConfig.from_pretrained(checkpoint)
    transformers.AutoTokenizer.from_pretrained(checkpoint).save_pretrained(tmp_path)
    transformers.BertModel(bert, add_pooling_layer=False).save_pretrained(tmp_path)
    load_for(transformers.AutoModel, str(tmp_path))
    bert.num_hidden_layers += 1
    bert.save_pretrained(tmp_path)
    with pytest.raises(BackboneError, match=r"has no weights for encoder\.layer\.2"):
        load_for(transformers.AutoModel, str(tmp_path))


def test_decoder_pads_with_its_end_of_text_on_the_right(decoder: Path) -> None:
    _, tokenizer = load_for(transformers.AutoModel, str(decoder))
    assert (tokenizer.pad_token, tokenizer.padding_side) == (tokenizer.eos_token, "right")
    assert tokenizer.model_max_length == 64
