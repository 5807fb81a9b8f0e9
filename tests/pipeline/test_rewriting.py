import string
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from pipeline.augmentation import text_of, words_of
from pipeline.errors import BackboneError
from pipeline.issues import Issue
from pipeline.rewriting import BackTranslation, ContextualSubstitution
from tests.pipeline.conftest import WORDS, write_tokenizer
from tests.pipeline.samples import issue

MORE = ("saving", "##ing", "!")
BUG = issue(1, "bug")
CODE = Issue(number=2, title="Crash", body="It fails:\n```python\nfit(data)\n```\n---\nPlease help", labels=("bug",))


@pytest.fixture(scope="session")
def masked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny BERT that fills in masks, with random weights."""
    folder = tmp_path_factory.mktemp("masked")
    config = transformers.BertConfig(
        vocab_size=write_tokenizer(folder, *MORE),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    torch.manual_seed(0)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny BART, with random weights: it answers in gibberish."""
    folder = tmp_path_factory.mktemp("translator")
    config = transformers.BartConfig(
        vocab_size=write_tokenizer(folder, *MORE),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=32,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=2,
        forced_eos_token_id=3,
    )
    torch.manual_seed(0)
    transformers.BartForConditionalGeneration(config).save_pretrained(folder)
    return str(folder)


def substituted(checkpoint: str, issues: list[Issue], *, seed: int = 0, rate: float = 0.3) -> list[Issue]:
    augmenter = ContextualSubstitution(checkpoint, rate=rate).fit([])
    return augmenter.augment(issues, np.random.default_rng(seed))


def translated(checkpoint: str, issues: list[Issue], *, seed: int = 0) -> list[Issue]:
    return BackTranslation(checkpoint, checkpoint).fit([]).augment(issues, np.random.default_rng(seed))


def test_masked_words_are_substituted_and_labels_kept(masked: str) -> None:
    [copy] = substituted(masked, [BUG])
    changed = [
        (old, new) for old, new in zip(words_of(text_of(BUG)), words_of(text_of(copy)), strict=True) if old != new
    ]
    assert 0 < len(changed) < len(words_of(text_of(BUG)))
    assert copy.labels == BUG.labels


def test_what_is_put_there_is_a_whole_word(masked: str) -> None:
    [copy] = substituted(masked, [CODE], rate=1)
    known = {word for word in (*WORDS, *MORE) if word.isalpha()} | set(string.ascii_lowercase)
    assert set(words_of(text_of(copy))) <= known
    assert copy.body.count("\n") == CODE.body.count("\n")


def test_substitution_follows_the_seed(masked: str) -> None:
    first, again, other = (substituted(masked, [BUG, CODE], seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_words_beyond_what_the_model_reads_stay(masked: str) -> None:
    [copy] = substituted(masked, [Issue(number=1, title="crash", body="dark " * 200)], rate=1)
    assert words_of(copy.body)[-100:] == ["dark"] * 100
    assert words_of(copy.body)[:20] != ["dark"] * 20


@pytest.mark.parametrize("text", ["", "?", "half an emoji \ud83d", "the [MASK] itself", "日本語"])
def test_strange_text_is_substituted(masked: str, text: str) -> None:
    [copy] = substituted(masked, [Issue(number=1, title=text, body=text)])
    assert len(words_of(copy.title)) == len(words_of(text))


def test_issue_with_the_mask_in_it_is_left_alone(masked: str) -> None:
    strange = Issue(number=1, title="fill [MASK] in", body="crash save")
    assert substituted(masked, [strange, BUG], rate=1)[0] == strange


def test_prose_is_translated_and_code_is_kept(translator: str) -> None:
    [copy] = translated(translator, [CODE])
    lines = copy.body.split("\n")
    assert lines[1:5] == ["```python", "fit(data)", "```", "---"]
    assert (copy.title, lines[0], lines[5]) != ("Crash", "It fails:", "Please help")
    assert copy.labels == CODE.labels


def test_translation_follows_the_seed(translator: str) -> None:
    first, again, other = (translated(translator, [BUG, CODE], seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_translation_leaves_the_random_state_of_torch_alone(translator: str) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    translated(translator, [BUG])
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("text", ["", "?", "half an emoji \ud83d", "日本語", "crash " * 300])
def test_strange_text_is_translated(translator: str, text: str) -> None:
    assert len(translated(translator, [Issue(number=1, title=text, body=text)])) == 1


def test_line_of_which_nothing_comes_back_stays(translator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    augmenter = BackTranslation(translator, translator).fit([])
    monkeypatch.setattr(augmenter, "_translate", lambda model, tokenizer, texts: [""] * len(texts))
    assert augmenter.augment([BUG], np.random.default_rng(0)) == [BUG]


def test_no_issues_have_no_copies(masked: str, translator: str) -> None:
    assert substituted(masked, []) == translated(translator, []) == []


def test_checkpoint_of_the_hub_needs_its_revision() -> None:
    with pytest.raises(BackboneError, match="lacks its revision"):
        ContextualSubstitution("owner/name").fit([])


def test_weights_in_another_format_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(BackboneError, match=r"no model\.safetensors"):
        BackTranslation(str(tmp_path), str(tmp_path)).fit([])
