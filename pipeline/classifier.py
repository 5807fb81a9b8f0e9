"""The upper layers of a backbone and a linear head on its embeddings: what fine-tuning trains."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, normalize
from torch.nn.utils.rnn import pad_sequence

from pipeline.encoder import Vectors
from pipeline.heads import SCALE, Head, probabilities
from pipeline.issues import UNKNOWN, Probabilities
from pipeline.layers import BATCH, Hidden
from pipeline.trainer import Batch

Objective = Callable[["Classifier", Batch], torch.Tensor]  # the loss of a batch


class Classifier(torch.nn.Module):
    """The upper part of a backbone, pooling to length one, and a linear head with a sigmoid for each label."""

    def __init__(self, upper: torch.nn.Module, pooling: str, dimensions: int, labels: int) -> None:
        super().__init__()
        self.upper, self.pooling = upper, pooling
        self.head = torch.nn.Linear(dimensions, labels)

    def embed(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return embeddings of length one, (batch, dimensions), of what the lower part made, (batch, tokens, …)."""
        states = self.upper(inputs_embeds=hidden, attention_mask=mask).last_hidden_state
        return normalize(pool(states, mask, self.pooling), dim=-1)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the log odds of each label, (batch, labels)."""
        logits: torch.Tensor = self.head(SCALE * self.embed(hidden, mask))
        return logits

    @torch.no_grad()
    def set_head(self, head: Head) -> None:
        """Take a head."""
        self.head.weight.copy_(torch.from_numpy(head[0]))
        self.head.bias.copy_(torch.from_numpy(head[1]))


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Return mean, max or first of the tokens that are no padding, (batch, dimensions), of (batch, tokens, …)."""
    if pooling == "first":
        return states[:, 0]
    inside = mask.unsqueeze(-1).bool()  # (batch, tokens, 1)
    if pooling == "max":
        return states.masked_fill(~inside, -torch.inf).amax(1)
    return (states * inside).sum(1) / inside.sum(1)


def batch(hidden: Hidden) -> Batch:
    """Return `hidden`, (texts, tokens, dimensions), and `mask`, (texts, tokens), padded on the right."""
    mask = pad_sequence([torch.ones(len(each), dtype=torch.long) for each in hidden], batch_first=True)
    return {"hidden": pad_sequence(hidden, batch_first=True), "mask": mask}


@torch.no_grad()
def embed(classifier: Classifier, hidden: Hidden) -> Vectors:
    """Return the embeddings of texts, (texts, dimensions)."""
    was_training, device = classifier.training, classifier.head.weight.device
    classifier.eval()
    order = sorted(range(len(hidden)), key=lambda row: len(hidden[row]))
    found = np.zeros((len(hidden), classifier.head.in_features), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        inputs = batch([hidden[row] for row in rows])
        found[rows] = classifier.embed(**{name: each.to(device) for name, each in inputs.items()}).float().cpu()
    classifier.train(was_training)
    return found


def predict(classifier: Classifier, hidden: Hidden) -> Probabilities:
    """Return the probability of each label for texts, (texts, labels)."""
    return probabilities(embed(classifier, hidden), head_of(classifier))


def head_of(classifier: Classifier) -> Head:
    """Return the head of a classifier."""
    weights, bias = classifier.head.weight.detach().cpu(), classifier.head.bias.detach().cpu()
    return weights.numpy().copy(), bias.numpy().copy()


def known_bce(classifier: Classifier, inputs: Batch) -> torch.Tensor:
    """Return the mean binary cross-entropy over the cells that are known."""
    logits, y = classifier(inputs["hidden"], inputs["mask"]), inputs["targets"]
    truth = y.to(logits.dtype).clamp(min=0)
    return mean_of(binary_cross_entropy_with_logits(logits, truth, reduction="none"), y != UNKNOWN)


def mean_of(loss: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Return the mean over the cells that count; 0 where none does."""
    weights = counted.to(loss.dtype)
    return (loss * weights).sum() / weights.sum().clamp(min=1)
