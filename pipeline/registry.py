"""Model versions on disk: immutable folders, complete or not there at all, and no pickle in them.

A version is a folder with the method's own files (JSON and safetensors; in folders of their own where a method is made
of several), `held_out.safetensors`, and `manifest.json`, which is written last and lists the SHA-256 of every other
file. Which version serves is a row of the database.
"""

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from pipeline.encoder import sha256
from pipeline.errors import ModelError
from pipeline.methods import method_class
from pipeline.training import Recipe, Trained

FORMAT = 1
MANIFEST = "manifest.json"
LIBRARIES = ("numpy", "scikit-learn", "onnxruntime", "tokenizers", "safetensors")


def publish(root: Path, trained: Trained, *, metrics: Mapping[str, Any]) -> Path:
    """Write a model version under `root` and return its folder; the same model again is the same folder."""
    recipe = trained.recipe
    identity = json.dumps([trained.fingerprint, dict(recipe.settings)], sort_keys=True)
    folder = root / f"{recipe.method}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}-{recipe.seed}"
    if not (folder / MANIFEST).is_file():
        write(folder, trained, metrics=metrics)
    return folder


def write(folder: Path, trained: Trained, *, metrics: Mapping[str, Any]) -> None:
    """Write a model into `folder`, which must be empty or not there: all of it, or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        trained.method.save(scratch)
        save_file({"y": trained.held_out_y, "p": trained.held_out_p}, scratch / "held_out.safetensors")
        manifest = _manifest(scratch, trained, metrics)
        for path in [*scratch.rglob("*"), scratch]:
            _sync(path)
        (scratch / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        _sync(scratch / MANIFEST)
        scratch.chmod(0o755)
        os.rename(scratch, folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _manifest(scratch: Path, trained: Trained, metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "method": trained.recipe.method,
        "why": trained.why,
        "selection": dict(trained.selection),
        "settings": dict(trained.recipe.settings),
        "seed": trained.recipe.seed,
        "labels": list(trained.labels),
        "issues": trained.issues,
        "data": trained.fingerprint,
        "created_at": trained.created_at.isoformat(),
        "metrics": dict(metrics),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "files": {
            str(file.relative_to(scratch)): sha256(file) for file in sorted(scratch.rglob("*")) if file.is_file()
        },
    }


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def manifest(folder: Path) -> dict[str, Any]:
    """Return a version's manifest; ModelError if there is none, or one of another kind."""
    try:
        found = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise ModelError(f"{folder}: no model there: {MANIFEST} cannot be read: {why}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelError(f"{folder}: {MANIFEST} is not of format {FORMAT}; train the model again with this version")
    return found


def _check(folder: Path, files: Mapping[str, str]) -> None:
    """Raise ModelError unless the folder has exactly the files listed, as they were written."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    there = {str(file) for file in found if not file.name.startswith(".")} - {MANIFEST}
    for name in sorted(there ^ files.keys()):
        what = "is missing" if name in files else "was not written with this model; take it away"
        raise ModelError(f"{folder}: the file {name} {what}")
    for name, expected in files.items():
        if sha256(folder / name) != expected:
            raise ModelError(f"{folder / name}: not the file that was written with this model; train it again")


def load(folder: Path) -> Trained:
    """Read a model version; ModelError if a file is missing, altered, or was not written by :func:`write`."""
    about = manifest(folder)
    try:
        _check(folder, about["files"])
        recipe = Recipe(about["method"], about["settings"], tuple(about["labels"]), about["seed"])
        held_out = load_file(folder / "held_out.safetensors")
        if not all(isinstance(name, str) for name in recipe.labels) or held_out["p"].shape[1] != len(recipe.labels):
            raise ModelError(f"{folder}: {MANIFEST} names other labels than the model has; train the model again")
        return Trained(
            recipe=recipe,
            method=method_class(recipe.method).load(folder, dict(recipe.settings)),
            held_out_y=held_out["y"],
            held_out_p=held_out["p"],
            fingerprint=about["data"],
            issues=about["issues"],
            created_at=datetime.fromisoformat(about["created_at"]),
            why=about["why"],
            selection=about.get("selection", {}),
        )
    except (OSError, AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise ModelError(f"{folder}: the model cannot be read: {type(error).__name__}: {error}") from error
