"""Export a checkpoint from PyTorch to ONNX, and check that the two agree. The only module of the backbone with torch.

Run as `python -m pipeline.export [NAME FOLDER]`, in a process of its own.
"""

import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from pipeline.checkpoints import load_for
from pipeline.encoder import (
    BUNDLED,
    TOKENS,
    Encoder,
    checkpoint_folder,
    export_folder,
)
from pipeline.errors import BackboneError

PARITY = 0.9999  # least cosine between PyTorch's vector and ours, for each text
SAMPLE = (
    "Crash",
    "The app crashes when I click on save",
    "Add dark mode\n\nPlease add a dark theme; the white background hurts my eyes at night. " * 8,
    "TypeError: 'NoneType' object is not subscriptable\n```python\nvalue = None[0]\n```",
    "Документация: ошибка в примере 日本語 🙂",
    "x " * 600,
)


class _Pooled(torch.nn.Module):
    """A backbone with mean pooling over the tokens that are not padding."""

    def __init__(self, backbone: torch.nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)  # (batch, tokens, 1)
        pooled: torch.Tensor = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)  # (batch, dimensions)
        return pooled


def export(name: str, folder: Path) -> Path:
    """Export a checkpoint into `folder`, complete or not at all; return the folder.

    Raises
    ------
    BackboneError
        If the checkpoint cannot be read, or its export does not agree with PyTorch.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "export"
        made.mkdir()
        model, tokenizer = _load(name)
        _write_onnx(model, made / "model.onnx")
        tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))
        manifest: dict[str, Any] = {"name": name, "torch": torch.__version__, "transformers": transformers.__version__}
        (made / "manifest.json").write_text(json.dumps(manifest))
        manifest["parity"] = check_parity(model, tokenizer, Encoder(made))
        (made / "manifest.json").write_text(json.dumps(manifest))
        _publish(made, folder)
    return folder


def _load(name: str) -> tuple[torch.nn.Module, Any]:
    place = str(checkpoint_folder(name) or name)
    backbone, tokenizer = load_for(transformers.AutoModel, place, attn_implementation="eager")
    return _Pooled(backbone).eval(), tokenizer


def _write_onnx(model: torch.nn.Module, file: Path) -> None:
    ids = torch.randint(5, 1000, (3, 17))
    dynamic = {0: torch.export.Dim("batch", min=1, max=1024), 1: torch.export.Dim("tokens", min=2, max=TOKENS)}
    program = torch.onnx.export(
        model,
        (ids, torch.ones_like(ids)),
        dynamo=True,
        verbose=False,
        input_names=["input_ids", "attention_mask"],
        output_names=["pooled"],
        dynamic_shapes={"input_ids": dynamic, "attention_mask": dynamic},
        external_data=False,
    )
    if program is None:
        raise BackboneError("torch made no ONNX program of the checkpoint")
    program.save(str(file))


def check_parity(model: torch.nn.Module, tokenizer: Any, encoder: Encoder) -> float:
    """Return the least cosine between PyTorch's vectors and the export's; BackboneError below 0.9999."""
    encoded = tokenizer(list(SAMPLE), padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")
    with torch.no_grad():
        expected = model(encoded["input_ids"], encoded["attention_mask"]).numpy()  # (texts, dimensions)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    parity = float((expected * encoder.embed(SAMPLE)).sum(axis=1).min())
    if parity < PARITY:
        raise BackboneError(f"the export does not agree with PyTorch: cosine {parity:.6f}, at least {PARITY} is needed")
    return parity


def _publish(made: Path, folder: Path) -> None:
    """Move a finished export to its place; whoever comes second leaves the first one's."""
    try:
        os.rename(made, folder)
    except OSError:
        if not (folder / "manifest.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(made, folder)


def main(arguments: list[str]) -> int:
    """Export the named checkpoint into the named folder; without arguments the bundled one, unless it is there."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(2)
    name, folder = (arguments[0], Path(arguments[1])) if arguments else (BUNDLED, export_folder(BUNDLED))
    try:
        if not (folder / "manifest.json").is_file():
            export(name, folder)
    except BackboneError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
