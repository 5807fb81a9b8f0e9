"""The learning methods, one a file, all behind :mod:`pipeline.methods.base`."""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import ModelError
from pipeline.methods.augmented import Augmented
from pipeline.methods.base import Method
from pipeline.methods.embedding_knn import EmbeddingKnn
from pipeline.methods.linear import Linear
from pipeline.methods.naive_bayes import NaiveBayes
from pipeline.methods.prompt import Prompt
from pipeline.methods.zero_shot import ZeroShot

METHODS: Mapping[str, type[Method]] = {
    method.name: method for method in (NaiveBayes, Linear, ZeroShot, EmbeddingKnn, Prompt, Augmented)
}


def method_class(name: str) -> type[Method]:
    """Return the method of that name; ModelError says which there are."""
    if name not in METHODS:
        raise ModelError(f"there is no method {name!r}; there are: {', '.join(METHODS)}")
    return METHODS[name]


def make(name: str, settings: Mapping[str, Any]) -> Method:
    """Return an unfitted method; ModelError if it has no such setting."""
    try:
        return method_class(name)(**settings)
    except TypeError as error:
        raise ModelError(f"the method {name!r} cannot be made with the settings {dict(settings)}: {error}") from error
