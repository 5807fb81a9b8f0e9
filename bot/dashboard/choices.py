"""How a model's method was chosen: what its manifest says, read without loading what trains models."""

import json
from pathlib import Path
from typing import Any

from bot.models import ModelVersion


def of(model: ModelVersion | None, store: Path) -> dict[str, Any]:
    """Return the table of what was tried, why one was chosen, and the labels left out; empty where nothing is told."""
    if model is None:
        return {}
    try:
        about = json.loads((store / model.folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    found = about.get("selection") if isinstance(about, dict) else None
    return found if isinstance(found, dict) else {}
