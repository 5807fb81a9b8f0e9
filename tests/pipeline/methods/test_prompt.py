import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

from pipeline.errors import BackboneError, ModelError
from pipeline.issues import UNKNOWN, Issue, Targets, build_targets
from pipeline.labels import read_labels
from pipeline.methods.prompt import Prompt
from tests.pipeline.chat import Chat, from_examples, says
from tests.pipeline.conftest import make_checkpoint
from tests.pipeline.samples import LABELS, issue, labelled

ISSUES = labelled(24)
TARGETS = build_targets(ISSUES, LABELS)
NEW = [issue(100, "bug"), issue(101, "docs")]


def fitted(issues: list[Issue] = ISSUES, targets: Targets = TARGETS, **settings: Any) -> Prompt:
    return Prompt(**settings).fit(issues, targets, seed=0, labels=read_labels(LABELS))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny masked language model with random weights."""
    folder = make_checkpoint(tmp_path_factory.mktemp("masked"), seed=1)
    config = transformers.BertConfig.from_pretrained(folder, initializer_range=0.5)
    transformers.set_seed(1)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny causal language model with random weights."""
    folder = make_checkpoint(tmp_path_factory.mktemp("causal"), seed=1)
    size = transformers.BertConfig.from_pretrained(folder).vocab_size
    shape = {"n_positions": 128, "n_embd": 16, "n_layer": 2, "n_head": 2, "initializer_range": 0.5}
    config = transformers.GPT2Config(vocab_size=size, bos_token_id=2, eos_token_id=3, **shape)
    transformers.set_seed(1)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("settings", [{}, {"cloze": "a", "causal": "b"}])
def test_prompt_is_off_until_one_way_to_ask_is_set(settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="set one of `cloze`"):
        fitted(**settings)


def test_columns_without_names_are_refused() -> None:
    with pytest.raises(ModelError, match="2 columns need as many, not 0"):
        Prompt(cloze="a").fit(ISSUES, TARGETS, seed=0)


def test_checkpoint_that_is_not_there_is_refused() -> None:
    with pytest.raises(BackboneError, match="lacks its revision"):
        fitted(cloze="owner/name")


# --- cloze


def test_cloze_scores_every_label(masked: str, tmp_path: Path) -> None:
    method = fitted(cloze=masked)
    p = method.predict_proba(NEW)
    assert p.shape == method.held_out_[:2].shape == (2, 2)
    assert ((p > 0) & (p < 1)).all()
    method.save(tmp_path)
    assert np.allclose(Prompt.load(tmp_path, method.settings()).predict_proba(NEW), p, atol=1e-6)


def test_cloze_reads_words_and_template(masked: str) -> None:
    plain = fitted(cloze=masked).predict_proba(NEW)
    assert not np.allclose(plain, fitted(cloze=masked, words={"bug": ["crash", "save"]}).predict_proba(NEW))
    assert not np.allclose(plain, fitted(cloze=masked, template="{mask} : {text}").predict_proba(NEW))


def test_usual_score_of_a_label_is_taken_off(masked: str) -> None:
    method = fitted(cloze=masked)
    scores = method._scores(ISSUES, np.full(len(ISSUES), -1))
    assert method.centre_ == pytest.approx(scores.mean(axis=0), abs=1e-5)


@pytest.mark.parametrize("template", ["{text}", "{mask}", "{text} {mask} {mask}"])
def test_template_without_its_places_is_refused(masked: str, template: str) -> None:
    with pytest.raises(ModelError, match="once each"):
        fitted(cloze=masked, template=template)


def test_checkpoint_without_a_mask_is_refused(masked: str, tmp_path: Path) -> None:
    transformers.BertForMaskedLM.from_pretrained(masked).save_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(masked)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no mask token"):
        fitted(cloze=str(tmp_path))


@pytest.mark.parametrize("text", ["[MASK]", "[MASK] [SEP] [MASK]", "x" * 9000, "", "half \ud83d", "word " * 3000])
@pytest.mark.parametrize("way", ["cloze", "causal"])
def test_strange_text_is_scored(way: str, text: str, request: pytest.FixtureRequest) -> None:
    checkpoint = request.getfixturevalue({"cloze": "masked", "causal": "causal"}[way])
    p = fitted(**{way: checkpoint}).predict_proba([Issue(number=1, title=text, body=text)])
    assert ((p > 0) & (p < 1)).all()


# --- causal


def test_causal_scores_every_label_after_the_examples(causal: str, tmp_path: Path) -> None:
    method = fitted(causal=causal, examples=2)
    p = method.predict_proba(NEW)
    assert ((p > 0) & (p < 1)).all()
    method.save(tmp_path)
    assert np.allclose(Prompt.load(tmp_path, method.settings()).predict_proba(NEW), p, atol=1e-6)


def test_causal_model_sees_the_examples(causal: str) -> None:
    short = [Issue(number=n, title=f"save {n}", labels=(LABELS[n % 2],)) for n in range(6)]
    targets = build_targets(short, LABELS)
    some, none = (fitted(short, targets, causal=causal, examples=count).predict_proba(short) for count in (2, 0))
    assert not np.allclose(some, none)


# --- endpoint


@pytest.fixture
def chat() -> Any:
    """A chat model that answers as the examples have it."""
    started = Chat(from_examples)
    yield started
    started.close()


def test_most_similar_issues_are_the_examples_and_never_the_issue_itself(chat: Chat) -> None:
    fitted(endpoint=chat.url, model="m", examples=3)
    assert len(chat.asked) == len(ISSUES)
    for (_, _, body), each in zip(chat.asked, ISSUES, strict=True):
        *before, last = [json.loads(m["content"]) for m in body["messages"] if m["role"] == "user"]
        assert last["title"] == each.title
        assert len(before) == 3
        assert before[-1]["title"] == each.title  # another one that says the same


def test_what_is_unknown_of_an_example_is_not_told(chat: Chat) -> None:
    targets = TARGETS.copy()
    targets[:, 1] = UNKNOWN
    fitted(targets=targets, endpoint=chat.url, model="m", examples=1)
    answers = [json.loads(body["messages"][2]["content"])["labels"] for _, _, body in chat.asked]
    assert all(set(each) == {"bug"} for each in answers)


def test_issue_of_which_nothing_is_known_is_no_example(chat: Chat) -> None:
    targets = TARGETS.copy()
    targets[4:] = UNKNOWN
    method = fitted(targets=targets, endpoint=chat.url, model="m")
    assert len(method.shown_) == 4


def test_only_the_last_issues_are_held_out(chat: Chat) -> None:
    held_out = fitted(endpoint=chat.url, model="m", most_held_out=5).held_out_
    assert len(chat.asked) == 5
    assert np.isnan(held_out).all(axis=1).tolist() == [True] * 19 + [False] * 5


def test_answer_that_is_none_counts_as_no_label_and_is_logged_without_the_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chat = Chat(lambda _: says("I shall not."))
    with caplog.at_level(logging.WARNING):
        method = fitted(endpoint=chat.url, model="m", most_held_out=2)
    chat.close()
    assert (method.held_out_[-2:] == 0).all()
    assert method.unread_ == 2
    assert {record.getMessage() for record in caplog.records} == {"answer of the language model not read"}


def test_key_is_neither_a_setting_nor_saved(chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_KEY", "sk-very-secret")
    method = fitted(endpoint=chat.url, model="m", key_variable="CHAT_KEY", most_held_out=1)
    method.save(tmp_path)
    kept = json.dumps(method.settings()).encode() + b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"CHAT_KEY" in kept
    assert b"sk-very-secret" not in kept
