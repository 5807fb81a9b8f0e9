"""A backbone in two parts: the lower layers, run once for each text, and the upper ones, which are trained."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import torch
import transformers

from pipeline.checkpoints import load_for
from pipeline.encoder import checkpoint_folder, split_name
from pipeline.errors import BackboneError
from pipeline.issues import encodable

BATCH = 16  # texts at a time

Module: TypeAlias = Any  # a torch.nn.Module, whose attributes its type does not tell
Hidden = list[torch.Tensor]  # for each text (tokens, dimensions)


class Backbone:
    """A checkpoint in two parts: lower layers that stay as they are, and upper ones to be trained.

    Parameters
    ----------
    name : str
        See :func:`pipeline.encoder.load_encoder`.
    frozen : int
        Layers that stay as they are, from below, with the embeddings. At 0 only the embeddings of the words do, which
        works with every architecture.
    tokens : int
        Read of each text; the rest is cut off.
    """

    def __init__(self, name: str, *, frozen: int, tokens: int) -> None:
        place, self.pooling = split_name(name)
        self.model, self.tokenizer = load_for(transformers.AutoModel, str(checkpoint_folder(name) or place))
        self.dimensions = int(self.model.config.hidden_size)
        self.tokens = min(tokens, self.tokenizer.model_max_length)
        self._frozen = frozen
        if frozen > (len(_layers(self.model)) if _holder(self.model) else 0):
            raise BackboneError(f"{frozen} layers of {name!r} cannot be kept as they are; set frozen to 0")

    @torch.no_grad()
    def read(self, texts: Sequence[str], report: Callable[[float], None] = lambda done: None) -> Hidden:
        """Return what the lower part makes of each text."""
        lower = self._lower().eval()
        found: dict[int, torch.Tensor] = {}
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            inputs = self.tokenize([texts[row] for row in rows])
            hidden = lower(**inputs)
            for row, states, mask in zip(rows, hidden, inputs["attention_mask"], strict=True):
                found[row] = states[: int(mask.sum())].clone()
            report((start + len(rows)) / len(order))
        return [found[row] for row in range(len(texts))]

    def tokenize(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Return `input_ids` and `attention_mask`, (texts, tokens) each, padded on the right."""
        readable = [encodable(text) for text in texts]
        options = {"padding": True, "truncation": True, "max_length": self.tokens, "padding_side": "right"}
        encoded = self.tokenizer(readable, return_tensors="pt", return_token_type_ids=False, **options)
        return {name: encoded[name] for name in ("input_ids", "attention_mask")}

    def _lower(self) -> torch.nn.Module:
        return _Lower(_with_layers(self.model, slice(self._frozen)) if self._frozen else self.model, self._frozen > 0)

    def upper(self) -> Module:
        """Return a copy of the upper part, which reads `inputs_embeds` and `attention_mask`."""
        if not self._frozen:
            return copy.deepcopy(self.model)
        model = copy.deepcopy(_with_layers(self.model, slice(self._frozen, None)))
        model.embeddings = _Through()
        return model

    def kept(self) -> list[torch.nn.Parameter]:
        """Return the parameters of the part that stays as it is."""
        return list(self._lower().parameters())

    def joined(self, upper: Module) -> Module:
        """Return the whole backbone with a trained upper part."""
        if not self._frozen:
            return upper
        model = copy.deepcopy(self.model)
        for at, layer in enumerate(_layers(upper), start=self._frozen):
            _layers(model)[at] = layer
        return model


def _holder(model: Module) -> str:
    """Return the name of the module that holds the layers; empty where these are not apart from the embeddings."""
    for name in ("encoder", "transformer"):
        if isinstance(getattr(getattr(model, name, None), "layer", None), torch.nn.ModuleList):
            return name if hasattr(model, "embeddings") else ""
    return ""


def _layers(model: Module) -> Module:
    return getattr(model, _holder(model)).layer


def _with_layers(model: Module, part: slice) -> Module:
    """Return a model that shares all of `model`'s modules, but has only some of its layers."""
    found, name = copy.copy(model), _holder(model)
    holder = copy.copy(getattr(model, name))
    holder._modules = {**holder._modules, "layer": _layers(model)[part]}
    found._modules = {**model._modules, name: holder}
    return found


class _Lower(torch.nn.Module):
    """Embeddings and lower layers, or the embeddings of the words alone."""

    def __init__(self, model: Module, layers: bool) -> None:
        super().__init__()
        self.model = model if layers else model.get_input_embeddings()
        self.layers = layers

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        if not self.layers:
            return cast(torch.Tensor, self.model(input_ids))
        return cast(torch.Tensor, self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state)


class _Through(torch.nn.Module):
    """Takes the place of the embeddings where they have been computed already."""

    def forward(self, *, inputs_embeds: torch.Tensor, **_: Any) -> torch.Tensor:
        return inputs_embeds
