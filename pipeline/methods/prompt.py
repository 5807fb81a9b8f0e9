"""Ask a language model: words in a gap of a prompt, or the labels after examples that are like the issue."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from pipeline.encoder import BUNDLED, Vectors, load_encoder
from pipeline.endpoint import Endpoint, Shown, conversation, parse_answer
from pipeline.errors import ModelError
from pipeline.glossary import meaning, plain
from pipeline.issues import UNKNOWN, Issue, Probabilities, Targets, clean_body, spread_evenly
from pipeline.labels import Label
from pipeline.methods.base import FitOptions, Issues, labels_read
from pipeline.neighbours import search_exactly
from pipeline.similarity import Scores, standing_out

if TYPE_CHECKING:  # torch comes with them, and the worker does without
    from pipeline.language_models import Causal, Cloze

log = logging.getLogger(__name__)

WAYS = ("cloze", "causal", "endpoint")
SAMPLE = 32  # issues that the usual score of each label is taken from
SHOWN = 1_500  # characters of an issue's body
DOUBT = 2.0  # issues that the glossary's share of a label weighs as much as

Rows = Sequence[int]


class Prompt:
    """Labels by a language model, which is not trained: off until one of `cloze`, `causal` and `endpoint` is set.

    - `cloze`: how probable a masked language model finds each label's words in the gap of `template`.
    - `causal`: how probable a causal language model finds each label's name after the most similar labelled issues,
      with their labels, and the issue.
    - `endpoint`: the same examples as a conversation with a chat model, which answers with a probability a label. An
      answer that is anything but that JSON counts as no label; `unread_` says how many there were.

    The scores of the first two are log odds of each label once its mean over issues whose labels are not looked at is
    taken off, and the log of its share put on; a probability is how far it stands out from its rival, see
    :func:`pipeline.similarity.standing_out`. After :meth:`fit`, `held_out_` has the probabilities of the last
    `most_held_out` issues, (issues, labels), with neither an issue nor what says the same
    among its own examples, and NaN for the others.

    Parameters
    ----------
    cloze, causal : str
        Checkpoints, each the path of a folder or `owner/name@revision` on the hub.
    endpoint, model : str
        Base address of an OpenAI-compatible service, and the model to ask there.
    key_variable : str
        The environment variable that holds the service's key. The key itself is never kept.
    template : str
        Of the cloze prompt, with `{text}` and `{mask}`.
    words : mapping of str to sequence of str, optional
        Words for the gap by label; by default the label's own.
    examples : int
        Most labelled issues shown.
    timeout : float
        Seconds without an answer from the endpoint.

    References
    ----------
    Schick & Schütze (2021), doi:10.18653/v1/2021.eacl-main.20; Brown et al. (2020), arXiv:2005.14165; Liu et al.
    (2022), doi:10.18653/v1/2022.deelio-1.10: examples that are like the question. Zhao et al. (2021), arXiv:2102.09690:
    scores are to be calibrated; deviation: on real issues rather than on an empty one.
    """

    name: ClassVar[str] = "prompt"
    cost: ClassVar[float] = 2_000.0
    encoder: ClassVar[bool] = True  # as slow as one that trains an encoder, and only run where it is asked for

    def __init__(
        self,
        *,
        cloze: str = "",
        causal: str = "",
        endpoint: str = "",
        model: str = "",
        key_variable: str = "",
        template: str = "{text} This issue is about {mask}.",
        words: Mapping[str, Sequence[str]] | None = None,
        examples: int = 8,
        most_held_out: int = 100,
        timeout: float = 60.0,
        backbone: str = BUNDLED,
    ) -> None:
        self.cloze, self.causal, self.endpoint, self.model = cloze, causal, endpoint, model
        self.key_variable, self.template, self.words = key_variable, template, words or {}
        self.examples, self.most_held_out = examples, most_held_out
        self.timeout, self.backbone = timeout, backbone

    def settings(self) -> dict[str, Any]:
        """Return the hyper-parameters; of a key only the name of the variable that holds it."""
        kept = (*WAYS, "model", "key_variable", "template", "examples", "most_held_out", "timeout", "backbone")
        return {name: getattr(self, name) for name in kept} | {"words": {k: list(v) for k, v in self.words.items()}}

    def fit(self, issues: Issues, targets: Targets, *, seed: int, **options: Unpack[FitOptions]) -> Self:
        """Keep the issues as examples, and see how usual each label is; nothing is trained, and nothing random."""
        self._check_settings()
        labels = labels_read(self.name, targets, options)
        self.__dict__.pop("_language_model", None)
        self.labels_ = [(label.name, meaning(label).nouns[0]) for label in labels]
        self.words_ = [list(self.words.get(label.name) or [_spoken(label)]) for label in labels]
        known = np.flatnonzero((targets != UNKNOWN).any(axis=1)).tolist()
        given = options.get("groups")
        groups = np.arange(len(issues)) if given is None else given
        self._groups = groups[known]  # (examples,)
        self.targets_ = targets[known]
        self.shown_ = [_shown(issues[row]) for row in known]
        self.vectors_, self.unread_ = self._embed([issues[row] for row in known]), 0
        self.prior_, self.centre_ = np.log(_shares(targets, labels)), np.zeros(len(labels))
        if not self.endpoint:
            self.centre_ = self._usual(options.get("unlabeled") or issues)
        self.held_out_ = self._hold_out(issues, groups)
        return self

    def predict_proba(self, issues: Issues) -> Probabilities:
        """Return the probability of each label, (issues, labels)."""
        return self._predict(issues, np.full(len(issues), -1))

    def save(self, folder: Path) -> None:
        """Write the labels and the examples, texts included, as JSON; what is known of them, and the usual scores."""
        kept = {"labels": self.labels_, "words": self.words_, "shown": self.shown_}
        (folder / "examples.json").write_text(json.dumps(kept))
        learnt = {"prior": self.prior_, "centre": self.centre_}
        save_file({"targets": self.targets_, "vectors": self.vectors_, **learnt}, folder / "arrays.safetensors")

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> Self:
        """Read what :meth:`save` wrote."""
        method, arrays = cls(**settings), load_file(folder / "arrays.safetensors")
        kept = json.loads((folder / "examples.json").read_text())
        method.labels_, method.words_, method.shown_ = (
            [tuple(each) for each in kept["labels"]],
            kept["words"],
            kept["shown"],
        )
        method.targets_, method.vectors_ = arrays["targets"], arrays["vectors"]
        method.prior_, method.centre_, method.unread_ = arrays["prior"], arrays["centre"], 0
        method._groups = np.arange(len(method.targets_))
        return method

    def _check_settings(self) -> None:
        chosen = [way for way in WAYS if getattr(self, way)]
        if len(chosen) != 1:
            raise ModelError(
                "prompt is off until it knows whom to ask: set one of `cloze` (a masked language model), `causal` (a "
                "causal one), or `endpoint` with `model` (an OpenAI-compatible service)"
                + (f"; set are {', '.join(chosen)}" if chosen else "")
            )

    @cached_property
    def _language_model(self) -> "Endpoint | Cloze | Causal":
        if self.endpoint:
            return Endpoint(self.endpoint, self.model, key_variable=self.key_variable, timeout=self.timeout)
        from pipeline.language_models import Causal, Cloze

        if self.cloze:
            return Cloze(self.cloze, self.words_, self.template)
        return Causal(self.causal, [name for name, _ in self.labels_])

    def _predict(self, issues: Issues, own: NDArray[np.int64]) -> Probabilities:
        """Return the probabilities, (issues, labels); `own` is the group of each issue among the examples, or -1."""
        if not issues:
            return np.zeros((0, len(self.labels_)), dtype=np.float32)
        if self.endpoint:
            asked = [self._ask(issue, rows) for issue, rows in zip(issues, self._examples(issues, own), strict=True)]
            return np.array(asked, dtype=np.float32)
        return standing_out(self._scores(issues, own) - self.centre_ + self.prior_, 1)

    def _hold_out(self, issues: Issues, groups: NDArray[np.int64]) -> Probabilities:
        found = np.full((len(issues), len(self.labels_)), np.nan, dtype=np.float32)
        rows = range(max(len(issues) - self.most_held_out, 0), len(issues))
        found[rows] = self._predict([issues[row] for row in rows], groups[rows])
        return found

    def _usual(self, issues: Issues) -> NDArray[np.float64]:
        """Return the mean score of each label over some of the issues, (labels,)."""
        some = spread_evenly(issues, SAMPLE)
        own = np.full(len(some), -1)
        return np.asarray(self._scores(some, own).mean(axis=0) if some else np.zeros(len(self.labels_)))

    def _scores(self, issues: Issues, own: NDArray[np.int64]) -> Scores:
        from pipeline.language_models import Cloze

        model = self._language_model
        if isinstance(model, Cloze):
            return model([_text(_shown(issue)) for issue in issues])
        assert not isinstance(model, Endpoint)
        blocks = [
            [f"{_text(self.shown_[row])}\nLabels: {self._names(row)}\n\n" for row in rows]
            for rows in self._examples(issues, own)
        ]
        return np.array(
            [model(each, f"{_text(_shown(issue))}\nLabels:") for each, issue in zip(blocks, issues, strict=True)]
        )

    def _names(self, row: int) -> str:
        names = [name for (name, _), value in zip(self.labels_, self.targets_[row], strict=True) if value == 1]
        return ", ".join(names) or "none"

    def _ask(self, issue: Issue, rows: Rows) -> list[float]:
        assert isinstance(self._language_model, Endpoint)
        shown: list[Shown] = [(self.shown_[row], self._known(row)) for row in rows]
        answer = self._language_model.ask(conversation(dict(self.labels_), shown, _shown(issue)))
        found = parse_answer(answer, [name for name, _ in self.labels_])
        if found is None:
            self.unread_ += 1
            log.warning("answer of the language model not read", extra={"issue": issue.number})
        return [(found or {}).get(name, 0.0) for name, _ in self.labels_]

    def _known(self, row: int) -> dict[str, float]:
        pairs = zip(self.labels_, self.targets_[row].tolist(), strict=True)
        return {name: float(value) for (name, _), value in pairs if value != UNKNOWN}

    def _examples(self, issues: Issues, own: NDArray[np.int64]) -> list[Rows]:
        """Return the most similar examples of each issue, as places, the nearest first; none of its own group."""
        more = int(np.unique(self._groups, return_counts=True)[1].max(initial=0))  # as many may be of its own
        rows = search_exactly(self.vectors_, self._embed(issues), self.examples + more)[1].tolist()
        return [
            [row for row in each if self._groups[row] != group][: self.examples]
            for each, group in zip(rows, own, strict=True)
        ]

    def _embed(self, issues: Issues) -> Vectors:
        return load_encoder(self.backbone).embed([issue.text for issue in issues])


def _spoken(label: Label) -> str:
    return plain(label.readable) or label.name


def _shown(issue: Issue) -> dict[str, str]:
    return {"title": issue.title[:SHOWN], "body": clean_body(issue.body)[:SHOWN]}


def _text(shown: Mapping[str, str]) -> str:
    return f"{shown['title']}\n{shown['body']}"


def _shares(targets: Targets, labels: Sequence[Label]) -> NDArray[np.float64]:
    """Return the share of each label among the issues of which it is known, (labels,), with the glossary's in doubt."""
    expected = np.array([meaning(label).share for label in labels])
    shares: NDArray[np.float64] = ((targets == 1).sum(axis=0) + DOUBT * expected) / (
        (targets != UNKNOWN).sum(axis=0) + DOUBT
    )
    return shares
