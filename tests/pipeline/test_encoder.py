import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import transformers

from pipeline import encoder
from pipeline.encoder import (
    BUNDLED,
    Encoder,
    Precision,
    checkpoint_file,
    checkpoint_folder,
    export_folder,
    load_encoder,
    sha256,
    split_name,
)
from pipeline.errors import BackboneError

TEXTS = [
    "Crash",
    "The app crashes when I click on save",
    "Документация: ошибка в примере 日本語 🙂",
    "Please add a dark theme; the white background hurts my eyes at night. " * 12,
    "",
]


@pytest.fixture
def tiny(exported: Path) -> Encoder:
    """A tiny encoder that has embedded nothing yet."""
    return Encoder(exported)


def test_vectors_have_length_one_and_the_dimensions_of_the_backbone() -> None:
    vectors = load_encoder().embed(TEXTS)
    assert vectors.shape == (5, load_encoder().dimensions) == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_vector_does_not_depend_on_the_texts_beside_it(exported: Path, precision: Precision) -> None:
    together = Encoder(exported, precision=precision).embed(TEXTS)
    single = Encoder(exported, precision=precision, threads=1)
    assert np.array_equal(together, np.vstack([single.embed([text]) for text in TEXTS]))


def test_precision_is_fp32_unless_asked_for(exported: Path) -> None:
    default, exact, rounded = (
        Encoder(exported, **given).embed(TEXTS) for given in ({}, {"precision": "fp32"}, {"precision": "int8"})
    )
    assert np.array_equal(default, exact)
    assert not np.array_equal(exact, rounded)
    assert (exact * rounded).sum(axis=1).min() > 0.99


def test_precision_that_the_export_lacks_is_refused(exported: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(exported, tmp_path / "copy")
    (copy / "model.int8.onnx").unlink()
    with pytest.raises(BackboneError, match=r"has no model\.int8\.onnx"):
        Encoder(copy, precision="int8")


def test_vectors_outlive_the_process(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Encoder(exported, store=tmp_path).embed(TEXTS)
    later = Encoder(exported, store=tmp_path)
    monkeypatch.delattr(later, "_session")  # nothing new can be embedded
    assert np.array_equal(later.embed(TEXTS), fresh)
    with pytest.raises(AttributeError):
        later.embed(["dark"])


def test_precisions_do_not_share_vectors(exported: Path, tmp_path: Path) -> None:
    exact = Encoder(exported, store=tmp_path).embed(TEXTS)
    assert not np.array_equal(Encoder(exported, store=tmp_path, precision="int8").embed(TEXTS), exact)


def test_checkpoint_loaded_by_name_keeps_its_vectors_beside_its_export(checkpoint: Path, cache: Path) -> None:
    load_encoder(f"{checkpoint}#max").embed(["crash"])
    assert (export_folder(f"{checkpoint}#max") / "vectors-fp32.sqlite3").is_relative_to(cache)
    assert (export_folder(f"{checkpoint}#max") / "vectors-fp32.sqlite3").is_file()


def test_unknown_pooling_is_refused() -> None:
    with pytest.raises(BackboneError, match="'median'; there are mean, max, first"):
        load_encoder("bundled#median")


def test_folder_with_a_hash_sign_in_its_name_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "c#max").mkdir()
    assert split_name(str(tmp_path / "c#max")) == (str(tmp_path / "c#max"), "mean")
    assert split_name(f"{tmp_path / 'c#max'}#first") == (str(tmp_path / "c#max"), "first")
    assert checkpoint_folder(f"{tmp_path / 'c#max'}#first") == tmp_path / "c#max"


def test_checkpoint_that_onnx_cannot_express_runs_on_pytorch(
    exported: Path, checkpoint: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{checkpoint}#first"
    folder = shutil.copytree(exported, export_folder(name))
    (folder / "model.onnx").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "precisions": {}, "fallback": "no such operator"}))
    found = load_encoder(name).embed(TEXTS)
    assert [(each.message, each.reason) for each in caplog.records] == [
        ("backbone runs on PyTorch, slower and larger", "no such operator")
    ]
    backbone = transformers.BertModel.from_pretrained(checkpoint).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(checkpoint)(TEXTS[1], return_tensors="pt")
    first = backbone(**inputs).last_hidden_state[0, 0].detach().numpy()
    assert found[1] @ first / np.linalg.norm(first) > 0.99999


def test_like_is_nearer_than_unlike() -> None:
    crash, error, theme = load_encoder().embed(["It crashes", "The program stopped with a fault", "Add a dark theme"])
    assert crash @ error > crash @ theme + 0.2


def test_more_texts_than_a_batch_keep_their_order(tiny: Encoder, exported: Path) -> None:
    texts = ["save " * (n * 7 % 41) + chr(ord("a") + n % 26) for n in range(50)]
    other = Encoder(exported)
    for text, vector in zip(texts, tiny.embed(texts), strict=True):
        assert vector @ other.embed([text])[0] > 0.9999


def test_same_text_twice_has_the_same_vector(tiny: Encoder) -> None:
    first, other, again = tiny.embed(["crash", "save", "crash"])
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_texts_have_no_vectors(tiny: Encoder) -> None:
    assert tiny.embed([]).shape == (0, 16)


def test_text_beyond_256_tokens_is_cut(tiny: Encoder) -> None:
    long, longer, short = tiny.embed(["crash " * 300, "crash " * 300 + "save", "crash " * 100 + "save"])
    assert long @ longer == pytest.approx(1, abs=1e-6)
    assert long @ short < 0.99999


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "\x00", "\u202e", "é" * 5000])
def test_strange_text_is_embedded(tiny: Encoder, text: str) -> None:
    assert np.linalg.norm(tiny.embed([text])) == pytest.approx(1)


def test_text_is_embedded_once(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tiny.embed(["crash", "save"])
    monkeypatch.delattr(tiny, "_session")  # from here on nothing new can be embedded
    assert np.array_equal(tiny.embed(["save", "crash"]), before[::-1])
    with pytest.raises(AttributeError):
        tiny.embed(["dark"])


def test_text_that_was_asked_for_longest_ago_is_forgotten_first(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "CACHED", 2)
    for text in ("crash", "save", "crash", "dark"):
        tiny.embed([text])
    monkeypatch.delattr(tiny, "_session")
    assert tiny.embed(["crash", "dark"]).shape == (2, 16)
    with pytest.raises(AttributeError):
        tiny.embed(["save"])


def test_more_texts_than_are_remembered_are_all_embedded(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "CACHED", 2)
    assert tiny.embed(["crash", "save", "dark", "mode"]).shape == (4, 16)


def test_who_changes_a_vector_changes_only_their_own(tiny: Encoder) -> None:
    mine = tiny.embed(["crash"])
    kept = mine.copy()
    mine[:] = 0
    assert np.array_equal(tiny.embed(["crash"]), kept)


def test_threads_embed_at_the_same_time(tiny: Encoder, exported: Path) -> None:
    texts = [f"crash {chr(ord('a') + n)}" for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda shift: tiny.embed(texts[shift:] + texts[:shift]), range(8)))
    expected = Encoder(exported).embed(texts)
    for shift, vectors in enumerate(found):
        assert np.allclose(np.roll(vectors, shift, axis=0), expected, atol=1e-5)


def test_encoder_is_made_once_a_process() -> None:
    assert load_encoder() is load_encoder()


def test_bundled_weights_are_the_original_ones() -> None:
    folder = checkpoint_folder(BUNDLED)
    assert folder is not None
    digest = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert sha256(folder / "model.safetensors") == digest


def package(folder: Path, content: bytes | None) -> None:
    """Write a package of the bundled weights' name, with other weights, or none."""
    (folder / encoder.BUNDLED_PACKAGE / "model").mkdir(parents=True)
    (folder / encoder.BUNDLED_PACKAGE / "__init__.py").touch()
    if content is not None:
        (folder / encoder.BUNDLED_PACKAGE / "model" / "model.safetensors").write_bytes(content)


@pytest.mark.parametrize(
    ("content", "why"), [(b"altered", "are not the original ones: SHA-256"), (None, r"no model\.safetensors")]
)
def test_altered_or_missing_bundled_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, why: str
) -> None:
    package(tmp_path, content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackboneError, match=why):
        checkpoint_folder(BUNDLED)


def test_missing_package_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "BUNDLED_PACKAGE", "no_such_package")
    with pytest.raises(BackboneError, match="make install"):
        checkpoint_folder(BUNDLED)


def test_checkpoint_without_safetensors_is_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(BackboneError, match="any other format are not read"):
        checkpoint_file(tmp_path)
    with pytest.raises(BackboneError, match="any other format are not read"):
        load_encoder(str(tmp_path))
    assert not cache.exists()


def test_export_is_kept_for_each_state_of_the_weights(checkpoint: Path, tmp_path: Path, cache: Path) -> None:
    copy = shutil.copytree(checkpoint, tmp_path / "copy")
    assert export_folder(str(copy)) == export_folder(str(checkpoint))
    with (copy / "model.safetensors").open("ab") as file:
        file.write(b"more")
    folders = {export_folder(name) for name in (str(copy), str(checkpoint), BUNDLED, "bundled#max", "o/n@1", "o/n@2")}
    assert len(folders) == 6
    assert export_folder("bundled#mean") == export_folder(BUNDLED)
    assert {folder.parent for folder in folders} == {cache / "issue-tagger" / "backbone"}


def test_local_checkpoint_is_exported_on_first_use(checkpoint: Path, cache: Path) -> None:
    loaded = load_encoder(str(checkpoint))
    assert loaded.embed(["crash"]).shape == (1, 16)
    manifest = export_folder(str(checkpoint)) / "manifest.json"
    assert manifest.is_relative_to(cache)
    assert json.loads(manifest.read_text())["name"] == loaded.name == str(checkpoint)


def test_checkpoint_that_cannot_be_exported_is_refused_with_the_reason(cache: Path) -> None:
    with pytest.raises(BackboneError, match=r"'owner/name' could not be exported: .*lacks its revision"):
        load_encoder("owner/name")
    assert list((cache / "issue-tagger" / "backbone").iterdir()) == []


def test_encoder_is_shared_however_it_is_asked_for() -> None:
    assert load_encoder() is load_encoder(BUNDLED) is load_encoder(name=BUNDLED)
