"""How a model's method was chosen: what its manifest says, read without loading what trains models."""

import json
from pathlib import Path
from typing import Any

from bot.models import ModelVersion
from pipeline.choice import parts


def of(model: ModelVersion | None, store: Path) -> dict[str, Any]:
    """Return what was tried, in parts measured on the same issues, why one was chosen, and the labels left out.

    Empty where nothing is told.
    """
    if model is None:
        return {}
    try:
        about = json.loads((store / model.folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    found = about.get("selection") if isinstance(about, dict) else None
    return {**found, "parts": parts(found.get("table") or ())} if isinstance(found, dict) else {}
