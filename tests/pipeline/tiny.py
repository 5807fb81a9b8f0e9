"""An encoder small enough to be trained in a test, that reads every letter the tests write."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.pipeline.conftest import write_tokenizer

SETTINGS = {"frozen": 1, "tokens": 48, "epochs": 4, "rate": 2e-3, "batch": 4}


@lru_cache(maxsize=1)
def encoder() -> str:
    """Return the folder of a BERT with random weights; it lives as long as the tests."""
    folder = Path(tempfile.mkdtemp(prefix="issue-tagger-tiny-"))
    letters = sorted({chr(code) for start, end in ((0x400, 0x480), (0x600, 0x660)) for code in range(start, end)})
    kana = [chr(code) for code in range(0x3040, 0x3100)]
    words = ["crash", "typo", "error", "guide", "manual", "📖", "💥", *letters, *(f"##{each}" for each in letters)]
    size = write_tokenizer(folder, *words, *kana, *(f"##{each}" for each in kana))
    config = transformers.BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        initializer_range=0.3,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def settings(**more: Any) -> dict[str, Any]:
    """Return the settings of a method that trains an encoder, such that it takes a second."""
    return {"backbone": encoder(), **SETTINGS, **more}
