"""Ask a model of natural-language inference whether an issue entails that it is about a label. Needs transformers."""

from collections.abc import Sequence

import numpy as np
import transformers
from scipy.special import logit

from pipeline.checkpoints import load_for
from pipeline.errors import ModelError
from pipeline.issues import Issue, clean_body, encodable
from pipeline.similarity import Aggregate, Scores, aggregated, starts

LONGEST = 4_000  # characters; the pipeline cuts to the model's tokens
SURE = 1e-4  # probabilities are kept this far from 0 and 1, for their log odds to be finite


class Entailment:
    """Log odds that each label is entailed, by the zero-shot-classification pipeline, every label on its own.

    Parameters
    ----------
    nouns : sequence of sequences of str
        At least one a label: phrases that fit into the hypothesis.
    checkpoint : str
        Path or `owner/name@revision` of a sequence classifier with an entailment label.
    hypothesis : str
        With `{}` where a phrase goes.
    """

    def __init__(
        self, nouns: Sequence[Sequence[str]], *, checkpoint: str, hypothesis: str, aggregate: Aggregate = "mean"
    ) -> None:
        if hypothesis.count("{}") != 1:
            raise ModelError(f"the hypothesis {hypothesis!r} must have {{}} once, where the label's name goes")
        model, tokenizer = load_for(transformers.AutoModelForSequenceClassification, checkpoint)
        outcomes = list(model.config.id2label.values())
        if not any(outcome.lower().startswith("entail") for outcome in outcomes):
            raise ModelError(f"{checkpoint!r} has no entailment label; its labels: {', '.join(outcomes)}")
        self._classify = transformers.pipeline("zero-shot-classification", model=model, tokenizer=tokenizer)
        self._hypothesis, self._aggregate = hypothesis, aggregate
        self._starts = starts(nouns)
        self._phrases = [phrase for each in nouns for phrase in each]

    def __call__(self, issues: Sequence[Issue]) -> Scores:
        """Return the log odds of each label for each issue, (issues, labels)."""
        scores = np.zeros((len(issues), len(self._phrases)))
        for row, issue in enumerate(issues):
            found = self._classify(
                _text(issue),
                candidate_labels=sorted(set(self._phrases)),
                hypothesis_template=self._hypothesis,
                multi_label=True,
            )
            by_phrase = dict(zip(found["labels"], found["scores"], strict=True))
            scores[row] = [by_phrase[phrase] for phrase in self._phrases]
        return aggregated(logit(scores.clip(SURE, 1 - SURE)), self._starts, self._aggregate)

    def centre(self, issues: Sequence[Issue]) -> Scores:
        """Return the mean log odds over `issues`, (labels,); 0 without any."""
        return np.asarray(self(issues).mean(axis=0) if issues else np.zeros(len(self._starts)), dtype=np.float64)


def _text(issue: Issue) -> str:
    text = encodable(f"{issue.title}\n{clean_body(issue.body)}"[:LONGEST])
    return text if text.strip() else "(empty)"
