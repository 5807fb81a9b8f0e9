"""A checkpoint small enough to be made and exported in a test."""

import string
from pathlib import Path

import pytest
import torch
import transformers

from pipeline.export import export

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "crash", "save", "dark", "mode", "the")


def write_tokenizer(folder: Path, *more: str) -> int:
    """Write a tokenizer of a few words, `more` among them, and all letters; return how many tokens it has."""
    words = [*WORDS, *more, *string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    transformers.BertTokenizerFast(vocab={word: n for n, word in enumerate(words)}).save_pretrained(folder)
    return len(words)


def make_checkpoint(folder: Path, *, seed: int, positions: int = 256) -> Path:
    """Write a BERT with random weights that knows a few words and all letters."""
    config = transformers.BertConfig(
        vocab_size=write_tokenizer(folder),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
    )
    torch.manual_seed(seed)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def make_decoder(folder: Path) -> Path:
    """Write a GPT-2 with random weights whose tokenizer has no token for padding, nor adds any to a text."""
    vocabulary = {"<|endoftext|>": 0, **{letter: n for n, letter in enumerate([*string.printable, "\u0120"], start=1)}}
    transformers.GPT2TokenizerFast(vocab=vocabulary, merges=[]).save_pretrained(folder)
    config = transformers.GPT2Config(vocab_size=len(vocabulary), n_embd=16, n_layer=2, n_head=2, n_positions=64)
    torch.manual_seed(0)
    transformers.GPT2Model(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny decoder."""
    return make_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), seed=0)


@pytest.fixture(scope="session")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of the tiny checkpoint."""
    return export(str(checkpoint), tmp_path_factory.mktemp("exports") / "tiny")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"
