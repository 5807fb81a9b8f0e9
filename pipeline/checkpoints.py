"""Load checkpoints through transformers: safetensors only, and a name on the hub only with its revision."""

from collections.abc import Collection
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
        If the checkpoint is missing, has no safetensors or not all the weights, or a name on the hub no revision.
    """
    place, _, revision = (name, "", "") if Path(name).is_dir() else name.partition("@")
    if Path(name).is_dir():
        checkpoint_file(Path(name))
    elif not revision:
        raise BackboneError(f"{name!r} is no folder here, and as a name on the hub it lacks its revision: owner/name@…")
    options = {"revision": revision} if revision else {}
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, info = kind.from_pretrained(place, use_safetensors=True, output_loading_info=True, **options, **more)
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, **options)
    except (OSError, ValueError, SafetensorError) as error:
        raise BackboneError(f"the checkpoint {name!r} cannot be read: {str(error).splitlines()[0]}") from error
    _require_weights(kind, name, info["missing_keys"])
    if tokenizer.pad_token is None:  # a decoder's
        tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, "right"
    tokenizer.model_max_length = min(tokenizer.model_max_length, longest(model))
    return model.eval(), tokenizer


def _require_weights(kind: Any, name: str, missing: Collection[str]) -> None:
    """Refuse what transformers would fill with random weights: a head that is not in the checkpoint, most often."""
    needed = {key for key in missing if not (kind is transformers.AutoModel and "pooler" in key)}  # which nobody reads
    if needed:
        raise BackboneError(f"the checkpoint {name!r} has no weights for {min(needed)}, which {kind.__name__} needs")


def longest(model: Any) -> int:
    """Return how many tokens a model reads; 512 where it sets no limit."""
    positions = getattr(model.config, "max_position_embeddings", None) or 512
    padded = model.config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")
    return int(positions) - (2 if padded else 0)  # they number positions from the padding token's index on
