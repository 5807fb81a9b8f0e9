"""Load checkpoints through transformers: safetensors only, and a name on the hub only with its revision."""

from pathlib import Path
from typing import Any

import transformers
from safetensors import SafetensorError

from pipeline.encoder import checkpoint_file
from pipeline.errors import BackboneError


def load_for(kind: Any, name: str, **more: Any) -> tuple[Any, Any]:
    """Return the model, in evaluation mode, and the tokenizer of a checkpoint.

    Parameters
    ----------
    kind : class
        One of the Auto classes of transformers.
    name : str
        The path of a local checkpoint, or `owner/name@revision` on the hub.
    more
        Passed on to the model's `from_pretrained`.

    Raises
    ------
    BackboneError
        If the checkpoint is missing, has no safetensors, or a name on the hub no revision.
    """
    place, _, revision = (name, "", "") if Path(name).is_dir() else name.partition("@")
    if Path(name).is_dir():
        checkpoint_file(Path(name))
    elif not revision:
        raise BackboneError(f"{name!r} is no folder here, and as a name on the hub it lacks its revision: owner/name@…")
    options = {"revision": revision} if revision else {}
    try:
        model = kind.from_pretrained(place, use_safetensors=True, **options, **more)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
    except (OSError, ValueError, SafetensorError) as error:
        raise BackboneError(f"the checkpoint {name!r} cannot be read: {str(error).splitlines()[0]}") from error
    tokenizer.model_max_length = min(tokenizer.model_max_length, longest(model))
    return model.eval(), tokenizer


def longest(model: Any) -> int:
    """Return how many tokens a model reads; 512 where it sets no limit."""
    positions = getattr(model.config, "max_position_embeddings", None) or 512
    padded = model.config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")
    return int(positions) - (2 if padded else 0)  # they number positions from the padding token's index on
