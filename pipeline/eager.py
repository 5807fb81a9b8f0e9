"""Run a backbone on PyTorch: what an export must agree with, and what serves where there is none."""

from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from pipeline.checkpoints import load_for
from pipeline.encoder import Vectors, checkpoint_folder, split_name


class Pooled(torch.nn.Module):
    """A backbone that makes one vector of one text, which has no padding: mean, max or first of its tokens' last."""

    def __init__(self, backbone: torch.nn.Module, pooling: str) -> None:
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Return the vector, (1, dimensions), of the tokens, (1, tokens)."""
        hidden: torch.Tensor = self.backbone(input_ids=input_ids).last_hidden_state  # (1, tokens, dimensions)
        if self.pooling == "max":
            return hidden.amax(1)
        return hidden[:, 0] if self.pooling == "first" else hidden.mean(1)


class EagerSession:
    """A checkpoint behind the call of an ONNX Runtime session."""

    def __init__(self, name: str) -> None:
        backbone, _ = load_backbone(name)
        self._model = Pooled(backbone, split_name(name)[1])

    @torch.inference_mode()
    def run(self, outputs: None, inputs: dict[str, NDArray[np.int64]]) -> list[Vectors]:
        """Return, in a list, the pooled vector, (1, dimensions), of `input_ids`, (1, tokens)."""
        return [self._model(torch.from_numpy(inputs["input_ids"])).numpy()]


def load_backbone(name: str) -> tuple[torch.nn.Module, Any]:
    """Return the model without a head, and the tokenizer, of a backbone's name."""
    place = str(checkpoint_folder(name) or split_name(name)[0])
    backbone, tokenizer = load_for(transformers.AutoModel, place, attn_implementation="eager")
    return backbone, tokenizer
