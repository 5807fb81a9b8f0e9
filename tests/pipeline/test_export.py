import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import transformers
from onnxruntime.quantization import quantize_dynamic

import pipeline.export
from pipeline.eager import Pooled
from pipeline.encoder import Encoder
from pipeline.errors import BackboneError
from pipeline.export import PARITY, check_parity, export, export_model, main
from tests.pipeline.conftest import make_checkpoint

TEXTS = ("crash", "the dark mode crash save " * 30, "z", "save the mode when it crashes", "日本語")


HOW = {"mean": lambda rows: rows.mean(0), "max": lambda rows: rows.max(0), "first": lambda rows: rows[0]}


def from_pytorch(
    checkpoint: Path, texts: Sequence[str] = TEXTS, *, pooling: str = "mean", tokens: int = 256
) -> np.ndarray:
    """Return PyTorch's vectors of length one for the texts in one batch with padding, (texts, dimensions)."""
    model = transformers.AutoModel.from_pretrained(checkpoint).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    encoded = tokenizer(list(texts), truncation=True, max_length=tokens, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**encoded).last_hidden_state.numpy()  # (texts, tokens, dimensions)
    lengths = encoded["attention_mask"].sum(1)
    vectors = np.stack([HOW[pooling](rows[:length]) for rows, length in zip(hidden, lengths, strict=True)])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def logs() -> Iterator[None]:
    """Let the log speak again after the command, which silences it, for it owns its process."""
    yield
    logging.disable(logging.NOTSET)


def test_export_agrees_with_pytorch_and_says_how_much(exported: Path, checkpoint: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["precisions"]["fp32"]["least_cosine"] >= PARITY == 0.9999
    assert manifest["name"] == str(checkpoint)
    assert manifest["torch"] == torch.__version__


@pytest.mark.parametrize("pooling", ["mean", "max", "first"])
def test_exported_encoder_agrees_with_pytorch(checkpoint: Path, tmp_path: Path, pooling: str) -> None:
    vectors = Encoder(export(f"{checkpoint}#{pooling}", tmp_path / "export")).embed(TEXTS)
    assert (vectors * from_pytorch(checkpoint, pooling=pooling)).sum(axis=1).min() >= 0.9999


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_decoder_without_a_padding_token_agrees_with_pytorch(decoder: Path, tmp_path: Path, pooling: str) -> None:
    encoder = Encoder(export(f"{decoder}#{pooling}", tmp_path / "export"))
    known = TEXTS[:4]  # its tokenizer has no token for the last
    expected = from_pytorch(decoder, known, pooling=pooling, tokens=64)
    assert (encoder.embed(known) * expected).sum(axis=1).min() >= 0.9999
    assert np.linalg.norm(encoder.embed([""])) == pytest.approx(1)


def test_backbone_that_reads_few_tokens_has_texts_cut_there(tmp_path: Path) -> None:
    small = make_checkpoint(tmp_path / "small", seed=0, positions=32)
    folder = export(str(small), tmp_path / "export")
    assert json.loads((folder / "manifest.json").read_text())["tokens"] == 32
    assert (Encoder(folder).embed(TEXTS) * from_pytorch(small, tokens=32)).sum(axis=1).min() >= 0.9999


def test_int8_is_a_fraction_of_the_size_and_its_faithfulness_is_recorded(exported: Path) -> None:
    found = json.loads((exported / "manifest.json").read_text())["precisions"]["int8"]
    assert 0.99 < found["least_cosine"] <= found["mean_cosine"] < 1
    kinds = {node.op_type for node in onnx.load(exported / "model.int8.onnx").graph.node}
    assert "MatMulInteger" in kinds


def test_backbone_in_memory_is_exported_and_stays_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    backbone = transformers.BertModel.from_pretrained(checkpoint).train()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    export_model(backbone, tokenizer, tmp_path, name="tuned", int8=False)
    assert backbone.training
    assert backbone.config._attn_implementation == "sdpa"
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx", "tokenizer.json", "manifest.json"}
    encoder = Encoder(tmp_path)
    assert encoder.name == "tuned"
    assert (encoder.embed(TEXTS) * from_pytorch(checkpoint)).sum(axis=1).min() >= 0.9999


def test_weights_that_saturate_at_8_bits_get_7(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def quantize(*args: object, reduce_range: bool, **more: object) -> None:
        asked.append(reduce_range)
        quantize_dynamic(*args, reduce_range=reduce_range, **more)

    monkeypatch.setattr(pipeline.export, "FAITHFUL", 1.1)  # as where sums saturate: never good enough
    monkeypatch.setattr(pipeline.export, "quantize_dynamic", quantize)
    export(str(checkpoint), tmp_path / "export")
    assert asked == [False, True]


@pytest.mark.parametrize("failure", [torch.onnx.OnnxExporterError("no such operator\nand more"), None])
def test_checkpoint_that_onnx_cannot_express_is_left_to_pytorch(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    def fail(*_: object, **__: object) -> None:
        if failure:
            raise failure

    monkeypatch.setattr(torch.onnx, "export", fail)
    folder = export(str(checkpoint), tmp_path / "export")
    assert {file.name for file in folder.iterdir()} == {"tokenizer.json", "manifest.json"}
    assert "ONNX" in json.loads((folder / "manifest.json").read_text())["fallback"]


def test_export_leaves_nothing_but_its_folder_and_needs_no_other_file(exported: Path) -> None:
    assert [each.name for each in exported.parent.iterdir()] == [exported.name]
    assert {file.name for file in exported.iterdir()} == {
        "model.onnx",
        "model.int8.onnx",
        "tokenizer.json",
        "manifest.json",
    }
    onnx.checker.check_model(str(exported / "model.onnx"))


def test_vectors_of_other_weights_do_not_agree(exported: Path, checkpoint: Path, tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    same, other = (
        Pooled(transformers.BertModel.from_pretrained(place).eval(), "mean")
        for place in (checkpoint, make_checkpoint(tmp_path, seed=1))
    )
    assert check_parity(same, tokenizer, Encoder(exported)) >= 0.9999
    with pytest.raises(BackboneError, match=r"does not agree with PyTorch: cosine"):
        check_parity(other, tokenizer, Encoder(exported))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors.index.json", "model.ckpt"])
def test_checkpoint_without_safetensors_is_refused(checkpoint: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(checkpoint, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").rename(tmp_path / "pickled" / name)
    with pytest.raises(BackboneError, match=r"no model\.safetensors there"):
        export(str(tmp_path / "pickled"), tmp_path / "out" / "export")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["owner/name", "owner/name@", "/no/such/folder"])
def test_name_on_the_hub_without_a_revision_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackboneError, match="lacks its revision"):
        export(name, tmp_path / "out" / "export")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{damaged"),
        ("model.safetensors", b""),
        ("config.json", b"{"),
        ("config.json", b'{"model_type": "no such kind"}'),
    ],
)
def test_damaged_checkpoint_is_refused(checkpoint: Path, tmp_path: Path, name: str, content: bytes) -> None:
    shutil.copytree(checkpoint, tmp_path / "damaged")
    (tmp_path / "damaged" / name).write_bytes(content)
    with pytest.raises(BackboneError, match="cannot be read"):
        export(str(tmp_path / "damaged"), tmp_path / "out" / "export")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("logs")
def test_command_leaves_an_export_that_is_there(exported: Path, checkpoint: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in exported.iterdir()}
    assert main([str(checkpoint), str(exported)]) == 0
    assert {file.name: file.stat().st_mtime_ns for file in exported.iterdir()} == before


@pytest.mark.usefixtures("logs")
def test_command_says_in_a_line_why_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["owner/name", str(tmp_path / "export")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "'owner/name'" in line
    assert not (tmp_path / "export").exists()
