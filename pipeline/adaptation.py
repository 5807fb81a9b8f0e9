"""Masked-language-model training of a backbone on a repository's issues: it reads no label."""

from collections.abc import Sequence
from typing import Any

import torch
import transformers
from torch.nn.functional import cross_entropy

from pipeline.errors import BackboneError
from pipeline.layers import Backbone
from pipeline.trainer import Batch, Progress, Schedule, Task, run_trainer

MASKED = 0.15  # of the tokens
NOT_MASKED = -100  # in the labels of the collator
LOGGED = 10  # losses an epoch


class MaskedLm(torch.nn.Module):
    """A backbone and a head, tied to the embeddings of its words, that predicts the tokens that are masked.

    The head is a linear map that begins as the identity, so that what the backbone says counts from the start, a
    normalisation, and a bias for each word.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model, self.words = model, model.get_input_embeddings().weight  # (vocabulary, dimensions)
        self.transform = torch.nn.Linear(self.words.shape[1], self.words.shape[1])
        torch.nn.init.eye_(self.transform.weight)
        torch.nn.init.zeros_(self.transform.bias)
        self.norm = torch.nn.LayerNorm(self.words.shape[1])
        self.bias = torch.nn.Parameter(torch.zeros(self.words.shape[0]))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """Return the logits of every word, (tokens masked, vocabulary); `masked` says of each token whether it is."""
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[masked]
        logits: torch.Tensor = self.norm(self.transform(states)) @ self.words.T + self.bias
        return logits


def adapt(
    backbone: Backbone, texts: Sequence[str], *, schedule: Schedule, seed: int, report: Progress
) -> list[tuple[int, float]]:
    """Train the upper layers of a backbone, in place, to predict masked tokens of texts; return steps and losses.

    References
    ----------
    Gururangan et al. (2020), arXiv:2004.10964: task-adaptive pre-training. Deviation: the lower layers and the
    embeddings stay as they are.
    """
    if backbone.tokenizer.mask_token is None:
        raise BackboneError("a backbone whose tokenizer has no mask token cannot be adapted by masked words")
    torch.manual_seed(seed)
    masking = transformers.DataCollatorForLanguageModeling(backbone.tokenizer, mlm_probability=MASKED, seed=seed)
    ids = [backbone.tokenize([text])["input_ids"][0] for text in texts]

    def collate(rows: Sequence[int]) -> Batch:
        made = masking([{"input_ids": ids[row], "attention_mask": torch.ones_like(ids[row])} for row in rows])
        return {name: made[name] for name in ("input_ids", "attention_mask", "labels")}

    losses: list[tuple[int, float]] = []
    steps = schedule.epochs * -(-len(texts) // schedule.batch)

    def told(step: int, loss: float) -> None:
        losses.append((step, loss))
        report(step / steps)

    model = MaskedLm(backbone.model)
    for parameter in backbone.kept():
        parameter.requires_grad_(False)
    run_trainer(model, Task(len(ids), collate, masked_loss), schedule=schedule, seed=seed, told=told)
    model.requires_grad_(True)
    backbone.model.cpu().eval()
    return losses


def masked_loss(model: MaskedLm, inputs: Batch) -> torch.Tensor:
    """Return the mean cross-entropy of the masked tokens of a batch."""
    masked = inputs["labels"] != NOT_MASKED
    logits = model(inputs["input_ids"], inputs["attention_mask"], masked)
    return cross_entropy(logits, inputs["labels"][masked], reduction="sum") / masked.sum().clamp(min=1)
