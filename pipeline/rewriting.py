"""Say an issue in other words by a language model. Only `fit` and `augment` import torch and transformers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.augmentation import WORD, Random, rewritten, text_of, with_words, words_of
from pipeline.issues import Issue, encodable

BATCH = 8  # texts
STARTS = ("Ġ", "▁")  # how a token begins that begins a word, with tokenizers that mark that
FENCES = ("```", "~~~")

T = TypeVar("T")


@dataclass
class ContextualSubstitution:
    """Mask words, and let a masked language model say what else could stand there.

    Each word is masked with probability `rate`, at most as far as the model reads; all masks of an issue are filled at
    once, each by a whole word drawn from the model's `likeliest`, in proportion to their probabilities.

    Parameters
    ----------
    checkpoint : str
        The path of a local checkpoint with a masked-LM head, or `owner/name@revision` on the hub.
    rate : float
        Probability that a word is masked.
    likeliest : int
        Words of which one is drawn.

    References
    ----------
    Kobayashi (2018), doi:10.18653/v1/N18-2072, and Wu et al. (2019), Conditional BERT contextual augmentation.
    Deviation: the model is not conditioned on the labels, so what it puts there may disagree with them.
    """

    checkpoint: str
    rate: float = 0.15
    likeliest: int = 10

    def fit(self, corpus: Sequence[Issue]) -> Self:
        """Load the model; of the corpus nothing is learnt. BackboneError if the checkpoint cannot be read."""
        import transformers

        from pipeline.checkpoints import load_for

        self.model_, self.tokenizer_ = load_for(transformers.AutoModelForMaskedLM, self.checkpoint)
        self.allowed_ = _whole_words(self.tokenizer_)
        return self

    def augment(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        """Return a copy of each issue with words substituted."""
        return [copy for batch in _batches(issues) for copy in self._batch(batch, random)]

    def _batch(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        texts = [encodable(text_of(issue)) for issue in issues]
        masked = [self._masked(text, random) for text in texts]
        filled = self._fill([text for text, _ in masked], random)
        copies = []
        for issue, text, (_, places), found in zip(issues, texts, masked, filled, strict=True):
            words = words_of(text)
            for place, word in zip(places, found, strict=False):  # masks beyond what the model reads stay unfilled
                words[place] = word
            copies.append(rewritten(issue, words))
        return copies

    def _masked(self, text: str, random: Random) -> tuple[str, list[int]]:
        """Return the text with words masked, and which; nothing is masked where someone wrote the mask itself."""
        words, mask = words_of(text), self.tokenizer_.mask_token
        if mask in text:
            return text.replace(mask, " "), []
        places = np.flatnonzero(random.random(len(words)) < self.rate).tolist()
        for place in places:
            words[place] = mask
        return with_words(text, words), places

    def _fill(self, texts: Sequence[str], random: Random) -> list[list[str]]:
        """Return a word for each mask that the model reads, by text."""
        import torch

        encoded = self.tokenizer_(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            logits = self.model_(**encoded).logits.float().numpy()  # (texts, tokens, vocabulary)
        masks = encoded["input_ids"].numpy() == self.tokenizer_.mask_token_id  # (texts, tokens)
        return [[self._draw(each, random) for each in row[mask]] for row, mask in zip(logits, masks, strict=True)]

    def _draw(self, logits: NDArray[np.float32], random: Random) -> str:
        scores = logits[self.allowed_].astype(np.float64)
        best = np.argsort(-scores, kind="stable")[: self.likeliest]
        chances = np.exp(scores[best] - scores[best].max())
        drawn = self.allowed_[random.choice(best, p=chances / chances.sum())]
        return str(self.tokenizer_.decode([int(drawn)])).strip()


def _whole_words(tokenizer: Any) -> NDArray[np.int64]:
    """Return the tokens that are a word by themselves."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    marks = tuple(mark for mark in STARTS if any(token.startswith(mark) for token in vocabulary))
    special = set(tokenizer.all_special_ids)
    usable = sorted(n for token, n in vocabulary.items() if n not in special and (not marks or token.startswith(marks)))
    words = [n for n in usable if WORD.fullmatch(tokenizer.decode([n]).strip())]
    return np.array(words, dtype=np.int64)


@dataclass
class BackTranslation:
    """Translate title and body, line by line, into another language and back.

    Translations are drawn, not searched for, so that copies differ. Code blocks and lines without a word stay; so does
    a line of which nothing comes back. A line is cut where the models stop reading.

    Parameters
    ----------
    there, back : str
        Sequence-to-sequence checkpoints, one for each direction: local paths, or `owner/name@revision` on the hub.
        Each translates what it is given, so models of one language pair, without language codes or prompts.
    temperature : float
        Above 0; the greater, the more the copies differ.

    References
    ----------
    Sennrich et al. (2016), doi:10.18653/v1/P16-1009; Xie et al. (2020), Unsupervised Data Augmentation, whose
    temperature of 0.9 is the default here.
    """

    there: str
    back: str
    temperature: float = 0.9

    def fit(self, corpus: Sequence[Issue]) -> Self:
        """Load the models; of the corpus nothing is learnt. BackboneError if a checkpoint cannot be read."""
        import transformers

        from pipeline.checkpoints import load_for

        self.models_ = [load_for(transformers.AutoModelForSeq2SeqLM, name) for name in (self.there, self.back)]
        return self

    def augment(self, issues: Sequence[Issue], random: Random) -> list[Issue]:
        """Return a translated copy of each issue."""
        parts = [[issue.title, *issue.body.split("\n")] for issue in issues]
        prose = [(row, at) for row, lines in enumerate(parts) for at in _prose(lines)]
        found = self._round_trip([encodable(parts[row][at]) for row, at in prose], int(random.integers(2**31)))
        for (row, at), text in zip(prose, found, strict=True):
            parts[row][at] = text or parts[row][at]
        return [
            replace(issue, title=title, body="\n".join(body))
            for issue, (title, *body) in zip(issues, parts, strict=True)
        ]

    def _round_trip(self, texts: Sequence[str], seed: int) -> list[str]:
        with _seeded(seed):
            for model, tokenizer in self.models_:
                texts = [said for batch in _batches(texts) for said in self._translate(model, tokenizer, batch)]
        return list(texts)

    def _translate(self, model: Any, tokenizer: Any, texts: Sequence[str]) -> list[str]:
        encoded = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        most = encoded["input_ids"].shape[1] * 2 + 10  # new tokens; a model that never ends is stopped
        drawn = model.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            do_sample=True,
            num_beams=1,
            temperature=self.temperature,
            max_new_tokens=min(most, tokenizer.model_max_length - 1),
        )
        return [text.strip() for text in tokenizer.batch_decode(drawn, skip_special_tokens=True)]


def _prose(lines: Sequence[str]) -> Iterator[int]:
    """Yield which lines have words and are not in a code block."""
    fenced = False
    for at, line in enumerate(lines):
        if line.lstrip().startswith(FENCES):
            fenced = not fenced
        elif not fenced and WORD.search(line):
            yield at


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch, and put its random state back afterwards."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
