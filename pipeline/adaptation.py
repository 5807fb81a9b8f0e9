"""Masked-language-model training of a backbone on a repository's issues: it reads no label."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers
from torch.nn.functional import cross_entropy

from pipeline.errors import BackboneError
from pipeline.layers import Backbone
from pipeline.trainer import Batch, Progress, Schedule, Task, run_trainer

MASKED = 0.15  # of the tokens
NOT_MASKED = -100  # in the labels of the collator
READ = 16  # texts at a time
QUIET = 0.3  # scale of the head at first, at which the backbone adds little to how frequent each word is
Losses = list[tuple[int, float]]  # steps and what was lost by them
HEAD = Schedule(epochs=3, rate=3e-3, batch=512)  # for the head alone; a row is a masked token


class WordHead(torch.nn.Module):
    """Predicts a token of the texts from what the backbone makes of its place; tied to the embeddings of its words.

    A linear map that begins as the identity, a normalisation, and a bias for each word that begins as how frequent it
    is. Tokens that are in none of the texts are not predicted.

    Parameters
    ----------
    words : tensor
        The embeddings of all tokens, (vocabulary, dimensions); they stay as they are.
    counts : tensor
        How often each of them is in the texts, (vocabulary,).
    """

    def __init__(self, words: torch.Tensor, counts: torch.Tensor) -> None:
        super().__init__()
        there = counts.nonzero().squeeze(1)
        self.words = torch.nn.Parameter(words.detach()[there], requires_grad=False)  # (words, dimensions)
        self.place = torch.zeros_like(counts)  # of each token among the words
        self.place[there] = torch.arange(len(there))
        self.transform = torch.nn.Linear(words.shape[1], words.shape[1])
        torch.nn.init.eye_(self.transform.weight)
        torch.nn.init.zeros_(self.transform.bias)
        self.norm = torch.nn.LayerNorm(words.shape[1])
        torch.nn.init.constant_(self.norm.weight, QUIET)
        self.bias = torch.nn.Parameter((counts[there] / counts.sum()).log())

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return the logits of every word, (tokens, words), of states, (tokens, dimensions)."""
        logits: torch.Tensor = self.norm(self.transform(states)) @ self.words.T + self.bias
        return logits


class MaskedLm(torch.nn.Module):
    """A backbone, and the head that predicts the tokens that are masked."""

    def __init__(self, model: Any, counts: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.head = WordHead(model.get_input_embeddings().weight, counts)

    def states(self, inputs: Batch) -> Batch:
        """Return `states`, (masked tokens, dimensions), of a batch, and which of the words each is, `truth`."""
        masked = inputs["labels"] != NOT_MASKED
        whole = self.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
        truth = self.head.place[inputs["labels"][masked].cpu()].to(whole.device)
        return {"states": whole[masked], "truth": truth}


def adapt(
    backbone: Backbone, texts: Sequence[str], *, schedule: Schedule, seed: int, report: Progress, share: float = 1.0
) -> Losses:
    """Train the upper layers of a backbone, in place, to predict masked tokens of texts; return steps and losses.

    The head alone is trained first, so that the layers are not bent by what it has yet to learn. The losses are those
    of the training that follows. What the layers learnt is mixed with what they were.

    Parameters
    ----------
    share : float
        Of the trained weights in the mean with those before; at 1 they stay as they were trained.

    References
    ----------
    Gururangan et al. (2020), arXiv:2004.10964: task-adaptive pre-training. Deviations: the lower layers and the
    embeddings stay as they are; the head first learns alone, as in Kumar et al. (2022), arXiv:2202.10054; and the
    weights are averaged, as in Wortsman et al. (2022), arXiv:2109.01903, for a few minutes of masked words unlearn
    some of what makes sentences comparable.
    """
    if backbone.tokenizer.mask_token is None:
        raise BackboneError("a backbone whose tokenizer has no mask token cannot be adapted by masked words")
    torch.manual_seed(seed)
    masking = transformers.DataCollatorForLanguageModeling(backbone.tokenizer, mlm_probability=MASKED, seed=seed)
    ids = [backbone.tokenize([text])["input_ids"][0] for text in texts]

    def collate(rows: Sequence[int]) -> Batch:
        made = masking([{"input_ids": ids[row], "attention_mask": torch.ones_like(ids[row])} for row in rows])
        return {name: made[name] for name in ("input_ids", "attention_mask", "labels")}

    losses: Losses = []
    before = copy.deepcopy(backbone.model.state_dict())
    steps = schedule.epochs * -(-len(texts) // schedule.batch)

    def told(step: int, loss: float) -> None:
        losses.append((step, loss))
        report(step / steps)

    model = MaskedLm(backbone.model, torch.bincount(torch.cat(ids), minlength=len(backbone.tokenizer)))
    by_length = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    _teach_head(model, [collate(by_length[at : at + READ]) for at in range(0, len(ids), READ)], seed)
    for parameter in backbone.kept():
        parameter.requires_grad_(False)
    task = Task(len(ids), collate, lambda lm, inputs: masked_loss(lm.head, lm.states(inputs)))
    run_trainer(model, task, schedule=schedule, seed=seed, told=told)
    model.requires_grad_(True)
    _mix(backbone.model.cpu().eval(), before, share)
    return losses


@torch.no_grad()
def _mix(model: Any, before: Mapping[str, torch.Tensor], share: float) -> None:
    for name, weights in model.state_dict().items():
        if weights.is_floating_point():
            weights.lerp_(before[name], 1 - share)


@torch.no_grad()
def _read(model: MaskedLm, batches: Sequence[Batch]) -> Batch:
    read = [model.states(each) for each in batches]
    return {name: torch.cat([each[name] for each in read]) for name in ("states", "truth")}


def _teach_head(model: MaskedLm, batches: Sequence[Batch], seed: int) -> None:
    """Train the head on what the backbone, as it is, makes of the texts, each masked once."""
    read = _read(model, batches)

    def collate(rows: Sequence[int]) -> Batch:
        return {name: each[list(rows)] for name, each in read.items()}

    if len(read["truth"]):
        run_trainer(model.head, Task(len(read["truth"]), collate, masked_loss), schedule=HEAD, seed=seed)


def masked_loss(head: WordHead, inputs: Batch) -> torch.Tensor:
    """Return the mean cross-entropy of masked tokens, given their states."""
    loss = cross_entropy(head(inputs["states"]), inputs["truth"], reduction="sum")
    return loss / max(len(inputs["truth"]), 1)
