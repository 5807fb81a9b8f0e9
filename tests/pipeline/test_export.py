import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import transformers

from pipeline.encoder import Encoder
from pipeline.errors import BackboneError
from pipeline.export import PARITY, check_parity, export, main
from tests.pipeline.conftest import make_checkpoint

TEXTS = ("crash", "the dark mode crash save " * 30, "z", "save the mode when it crashes", "日本語")


class Pooled(torch.nn.Module):
    """What an encoder must agree with: the mean of the last hidden states of the tokens that are not padding."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__()
        self.backbone = transformers.BertModel.from_pretrained(checkpoint).eval()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        means = [row[mask == 1].mean(0) for row, mask in zip(hidden, attention_mask, strict=True)]
        return torch.stack(means)  # (batch, dimensions)


def without_padding(checkpoint: Path, text: str) -> np.ndarray:
    """Return PyTorch's vector of length one for a text on its own, (dimensions,)."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    encoded = tokenizer([text], truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        vector = Pooled(checkpoint)(encoded["input_ids"], encoded["attention_mask"]).numpy()[0]
    return vector / np.linalg.norm(vector)


@pytest.fixture
def logs() -> Iterator[None]:
    """Let the log speak again after the command, which silences it, for it owns its process."""
    yield
    logging.disable(logging.NOTSET)


def test_export_agrees_with_pytorch_and_says_how_much(exported: Path, checkpoint: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["parity"] >= PARITY == 0.9999
    assert manifest["name"] == str(checkpoint)
    assert manifest["torch"] == torch.__version__


def test_exported_encoder_embeds_a_batch_as_pytorch_does_each_text(exported: Path, checkpoint: Path) -> None:
    vectors = Encoder(exported).embed(TEXTS)
    cosines = [vector @ without_padding(checkpoint, text) for vector, text in zip(vectors, TEXTS, strict=True)]
    assert min(cosines) >= 0.9999


def test_export_leaves_nothing_but_its_folder_and_needs_no_other_file(exported: Path) -> None:
    assert [each.name for each in exported.parent.iterdir()] == [exported.name]
    assert {file.name for file in exported.iterdir()} == {"model.onnx", "tokenizer.json", "manifest.json"}
    onnx.checker.check_model(str(exported / "model.onnx"))


def test_vectors_of_other_weights_do_not_agree(exported: Path, checkpoint: Path, tmp_path: Path) -> None:
    other = Pooled(make_checkpoint(tmp_path, seed=1))
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    assert check_parity(Pooled(checkpoint), tokenizer, Encoder(exported)) >= 0.9999
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
