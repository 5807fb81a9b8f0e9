"""Export a checkpoint from PyTorch to ONNX, and check that the two agree. Needs torch.

Run as `python -m pipeline.export [NAME FOLDER]`, in a process of its own.
"""

import copy
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
from onnxruntime.capi import onnxruntime_pybind11_state as runtime
from onnxruntime.quantization import QuantType, quantize_dynamic

from pipeline.checkpoints import longest
from pipeline.eager import Pooled, load_backbone
from pipeline.encoder import BUNDLED, MODELS, TOKENS, Encoder, Precision, export_folder, split_name
from pipeline.errors import BackboneError

PARITY = 0.9999  # least cosine between PyTorch's vector and ours, for each text
FAITHFUL = 0.99  # mean cosine of int8 to fp32; the bundled one has 0.993 and more where nothing saturates
SAMPLE = (
    "Crash",
    "The app crashes when I click on save",
    "Add dark mode\n\nPlease add a dark theme; the white background hurts my eyes at night. " * 8,
    "TypeError: 'NoneType' object is not subscriptable\n```python\nvalue = None[0]\n```",
    "Документация: ошибка в примере 日本語 🙂",
    "x " * 600,
    "",
)
UNREADABLE = (runtime.Fail, runtime.InvalidGraph, runtime.InvalidProtobuf, runtime.NotImplemented)


def export(name: str, folder: Path) -> Path:
    """Export a checkpoint into `folder`, complete or not at all; return the folder.

    Where ONNX cannot express the checkpoint, the manifest says so, and PyTorch serves it.

    Raises
    ------
    BackboneError
        If the checkpoint cannot be read.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    backbone, tokenizer = load_backbone(name)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "export"
        made.mkdir()
        pooling = split_name(name)[1]
        try:
            export_model(backbone, tokenizer, made, name=name, pooling=pooling)
        except BackboneError as error:
            for file in MODELS.values():
                (made / file).unlink(missing_ok=True)
            _write_manifest(made, precisions={}, fallback=str(error))
        _publish(made, folder)
    return folder


def export_model(
    backbone: torch.nn.Module,
    tokenizer: Any,
    folder: Path,
    *,
    name: str,
    pooling: str = "mean",
    tokens: int = TOKENS,
    int8: bool = True,
) -> None:
    """Write a backbone in memory, which stays as it is, into a folder that :class:`Encoder` reads.

    Parameters
    ----------
    backbone : torch.nn.Module
        A model of transformers without a head, with its `config`.
    tokens : int
        Where a text is cut; earlier if the backbone does not read as many.
    int8 : bool
        Write the weights at 8 bits as well.

    Raises
    ------
    BackboneError
        If it cannot be exported, or the export does not agree with PyTorch.
    """
    tokens = min(tokens, longest(backbone))
    model = Pooled(copy.deepcopy(backbone), pooling).float().cpu().eval()
    model.backbone.set_attn_implementation("eager")  # type: ignore[operator]  # the other ones lose accuracy in ONNX
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    blank = tokenizer.pad_token_id or 0
    (folder / "manifest.json").write_text("{}")
    about: dict[str, Any] = {"name": name, "pooling": pooling, "tokens": tokens, "blank": blank}
    about |= {"dimensions": _dimensions(model, blank), "precisions": {"fp32": {}}}
    _write_manifest(folder, **about, torch=torch.__version__, transformers=transformers.__version__)
    _write_onnx(model, folder / MODELS["fp32"], tokens)
    exact = _encoder(folder, "fp32")
    precisions = {"fp32": {"least_cosine": check_parity(model, tokenizer, exact, tokens)}}
    if int8:
        precisions["int8"] = _quantize(folder, exact)
    _write_manifest(folder, precisions=precisions)


def _write_manifest(folder: Path, **more: Any) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **more}))


@torch.no_grad()
def _dimensions(model: torch.nn.Module, token: int) -> int:
    return int(model(torch.tensor([[token, token]])).shape[1])


def _write_onnx(model: torch.nn.Module, file: Path, tokens: int) -> None:
    ids = torch.zeros((1, min(17, tokens)), dtype=torch.int64)
    try:
        with warnings.catch_warnings(action="ignore"):  # torch's own, about its exporter
            program = torch.onnx.export(
                model,
                (ids,),
                dynamo=True,
                verbose=False,
                input_names=["input_ids"],
                output_names=["pooled"],
                dynamic_shapes={"input_ids": {1: torch.export.Dim("tokens", min=2, max=tokens)}},
                external_data=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise BackboneError(f"torch makes no ONNX of it: {str(error).strip().splitlines()[0]}") from error
    if program is None:
        raise BackboneError("torch made no ONNX program of the checkpoint")
    program.save(str(file))


def _encoder(folder: Path, precision: Precision) -> Encoder:
    try:
        return Encoder(folder, precision=precision)
    except UNREADABLE as error:
        raise BackboneError(f"ONNX Runtime cannot read the export: {str(error).splitlines()[0]}") from error


def _quantize(folder: Path, exact: Encoder) -> dict[str, float]:
    """Write the weights at 8 bits, with a scale a channel, and return how faithful they are.

    With a scale a matrix, cosines to fp32 fall to 0.7. On a CPU without VNNI sums of full 8 bits saturate, which
    shows in the cosines; there 7 bits are better.
    """
    for reduced in (False, True):
        quantize_dynamic(
            folder / MODELS["fp32"],
            folder / MODELS["int8"],
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            per_channel=True,
            reduce_range=reduced,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        found = _faithfulness(_encoder(folder, "int8"), exact)
        if found["mean_cosine"] >= FAITHFUL:
            break
    return found


def check_parity(model: torch.nn.Module, tokenizer: Any, encoder: Encoder, tokens: int = TOKENS) -> float:
    """Return the least cosine between PyTorch's vectors and the export's; BackboneError below 0.9999."""
    parity = 1.0
    for text, vector in zip(SAMPLE, encoder.embed(SAMPLE), strict=True):
        ids = tokenizer(text, truncation=True, max_length=tokens)["input_ids"] or [tokenizer.pad_token_id or 0]
        with torch.no_grad():
            expected = model(torch.tensor([ids])).numpy()[0]  # (dimensions,)
        parity = min(parity, float(expected @ vector / np.linalg.norm(expected)))
    if not parity >= PARITY:  # nor a NaN
        raise BackboneError(f"the export does not agree with PyTorch: cosine {parity:.6f}, at least {PARITY} is needed")
    return parity


def _faithfulness(rounded: Encoder, exact: Encoder) -> dict[str, float]:
    cosines = (rounded.embed(SAMPLE) * exact.embed(SAMPLE)).sum(axis=1)
    return {"least_cosine": float(cosines.min()), "mean_cosine": float(cosines.mean())}


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
