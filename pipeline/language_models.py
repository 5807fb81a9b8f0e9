"""Score labels by language models through transformers: words in a gap, or names after retrieved examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import transformers

from pipeline.checkpoints import load_for, longest
from pipeline.errors import ModelError
from pipeline.issues import encodable
from pipeline.similarity import Scores

Tokens = list[int]


class Cloze:
    """Mean log probability of each label's words in a gap of the prompt, by a masked language model.

    A word of several tokens gets as many gaps, filled independently of each other.

    Parameters
    ----------
    checkpoint : str
        See :func:`pipeline.checkpoints.load_for`.
    words : sequence of sequences of str
        At least one a label.
    template : str
        With `{text}` where the issue goes and `{mask}` where the gap is.

    References
    ----------
    Schick & Schütze (2021), doi:10.18653/v1/2021.eacl-main.20: patterns and verbalisers; here without training.
    """

    def __init__(self, checkpoint: str, words: Sequence[Sequence[str]], template: str) -> None:
        if template.count("{text}") != 1 or template.count("{mask}") != 1:
            raise ModelError(f"the template {template!r} must have {{text}} and {{mask}}, once each")
        self._model, self._tokenizer = load_for(transformers.AutoModelForMaskedLM, checkpoint)
        if self._tokenizer.mask_token is None:
            raise ModelError(f"{checkpoint!r} has no mask token: it is no masked language model")
        self._words = [[_tokens(self._tokenizer, f" {word}") for word in each] for each in words]
        self._template = template

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return the score of each label for each text, (texts, labels)."""
        sizes = sorted({len(word) for each in self._words for word in each})
        scores = np.zeros((len(texts), len(self._words)))
        for row, text in enumerate(texts):
            gaps = {size: self._fill(text, size) for size in sizes}  # each (size, vocabulary)
            for column, words in enumerate(self._words):
                scores[row, column] = np.mean([_mean_of(gaps[len(word)], word) for word in words])
        return scores

    @torch.no_grad()
    def _fill(self, text: str, gaps: int) -> torch.Tensor:
        """Return the log probabilities of all tokens in each gap, (gaps, vocabulary)."""
        prompt = self._template.replace("{mask}", self._tokenizer.mask_token * gaps)
        room = longest(self._model) - len(self._tokenizer(prompt.replace("{text}", ""))["input_ids"])
        inputs = self._tokenizer(prompt.replace("{text}", _cut(self._tokenizer, text, room)), return_tensors="pt")
        at = inputs["input_ids"][0] == self._tokenizer.mask_token_id
        logits: torch.Tensor = self._model(**inputs).logits[0, at]  # (gaps, vocabulary)
        return torch.log_softmax(logits, dim=-1)


class Causal:
    """Mean log probability of the tokens of each label's name after a prompt, by a causal language model."""

    def __init__(self, checkpoint: str, names: Sequence[str]) -> None:
        self._model, self._tokenizer = load_for(transformers.AutoModelForCausalLM, checkpoint)
        self._names = [_tokens(self._tokenizer, f" {name}") for name in names]

    @torch.no_grad()
    def __call__(self, blocks: Sequence[str], question: str) -> Scores:
        """Return the score of each label after the examples and the question, (labels,).

        `blocks` has the nearest example first; it goes last into the prompt, and the farthest are left out where the
        model reads no more.
        """
        prompt = self._prompt(blocks, question)
        scores = np.zeros(len(self._names))
        for column, name in enumerate(self._names):
            inputs = torch.tensor([prompt + name[:-1]])  # (1, tokens)
            logits = self._model(input_ids=inputs).logits[0, len(prompt) - 1 :]  # (tokens of the name, vocabulary)
            scores[column] = _mean_of(torch.log_softmax(logits, dim=-1), name)
        return scores

    def _prompt(self, blocks: Sequence[str], question: str) -> Tokens:
        room = longest(self._model) - max(len(name) for name in self._names)
        prompt = _tokens(self._tokenizer, question)[-room:]
        for block in blocks:
            tokens = _tokens(self._tokenizer, block)
            if len(prompt) + len(tokens) > room:
                break
            prompt = tokens + prompt
        return prompt


def without_special_tokens(tokenizer: Any, text: str) -> str:
    """Return a text in which nothing reads as a token of the model's own: strangers write it."""
    for token in tokenizer.all_special_tokens:
        text = text.replace(token, " ")
    return encodable(text)


def _tokens(tokenizer: Any, text: str) -> Tokens:
    clean = without_special_tokens(tokenizer, text)
    found: Tokens = tokenizer(clean, add_special_tokens=False, verbose=False)["input_ids"]
    return found or [tokenizer.unk_token_id or 0]


def _cut(tokenizer: Any, text: str, room: int) -> str:
    cut: str = tokenizer.decode(_tokens(tokenizer, text)[: max(room, 1)], skip_special_tokens=True)
    return cut


def _mean_of(log_probabilities: torch.Tensor, tokens: Tokens) -> float:
    return float(log_probabilities[torch.arange(len(tokens)), torch.tensor(tokens)].mean())
