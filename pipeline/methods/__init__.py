"""The learning methods, one a file, all behind :mod:`pipeline.methods.base`."""

from pipeline.methods.augmented import Augmented
from pipeline.methods.base import METHODS, Method, make, method_class
from pipeline.methods.blend import Blend
from pipeline.methods.contrastive import Contrastive
from pipeline.methods.domain_adapted import DomainAdapted
from pipeline.methods.embedding_knn import EmbeddingKnn
from pipeline.methods.fine_tune import FineTune
from pipeline.methods.linear import Linear
from pipeline.methods.naive_bayes import NaiveBayes
from pipeline.methods.prompt import Prompt
from pipeline.methods.uda import Uda
from pipeline.methods.ust import Ust
from pipeline.methods.zero_shot import ZeroShot

_ALL: tuple[type[Method], ...] = (NaiveBayes, Linear, ZeroShot, EmbeddingKnn, Prompt, Augmented, Blend, Ust)
_ALL += (FineTune, DomainAdapted, Uda, Contrastive)
METHODS.update({method.name: method for method in _ALL})

__all__ = ["METHODS", "make", "method_class"]
