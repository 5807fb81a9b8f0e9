from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

from pipeline.errors import BackboneError, ModelError
from pipeline.evaluation import measure
from pipeline.exports import read_issues
from pipeline.issues import Issue, Targets, build_targets
from pipeline.labels import read_labels
from pipeline.methods.zero_shot import ZeroShot
from tests.pipeline.conftest import make_checkpoint
from tests.pipeline.samples import issue, labelled

LABELS = ("bug", "documentation", "question")


def nothing(columns: int) -> Targets:
    return np.zeros((0, columns), dtype=np.int8)


def fitted(
    labels: Sequence[str] = LABELS, *, unlabeled: Sequence[Issue] = (), seed: int = 0, **settings: Any
) -> ZeroShot:
    method = ZeroShot(**settings)
    return method.fit([], nothing(len(labels)), seed=seed, unlabeled=unlabeled, labels=read_labels(labels))


def test_without_any_issue_labels_are_told_apart() -> None:
    p = fitted().predict_proba([issue(1, "bug"), issue(2, "docs"), issue(3)])
    assert (p >= 0.5).tolist() == [[True, False, False], [False, True, False], [False, False, True]]


def test_issues_of_which_no_label_is_known_correct_the_scores() -> None:
    many = labelled(40, ["bug"])
    before, after = fitted(), fitted(unlabeled=many)
    assert after.centre_[0] > before.centre_[0] + 0.02
    assert after.log_odds(many)[:, 0].mean() < before.log_odds(many)[:, 0].mean()


def test_labels_of_the_issues_given_are_not_read() -> None:
    bare = [Issue(number=each.number, title=each.title, body=each.body) for each in labelled(12)]
    with_labels, without = fitted(unlabeled=labelled(12)), fitted(unlabeled=bare)
    assert np.array_equal(with_labels.centre_, without.centre_)


def test_at_most_so_many_labels_are_guessed() -> None:
    found = [(fitted(top_k=k).predict_proba([issue(1, "docs")]) >= 0.5).sum() for k in (1, 2)]
    assert found[0] == 1
    assert 1 <= found[1] <= 2


def test_names_and_shares_set_replace_those_of_the_glossary() -> None:
    method = fitted(["flux", "bug"], names={"flux": ["typo in the manual", "wrong page"]}, shares={"flux": 0.3})
    assert method.phrasings_[0] == ("typo in the manual", "wrong page")
    assert np.exp(method.prior_[0]) == pytest.approx(0.3)
    assert method.predict_proba([issue(1, "docs")])[0].argmax() == 0


def test_held_out_probabilities_are_those_of_the_issues() -> None:
    issues = labelled(6)
    method = ZeroShot().fit(issues, build_targets(issues, LABELS), seed=0, labels=read_labels(LABELS))
    assert np.array_equal(method.held_out_, method.predict_proba(issues))


def test_columns_without_names_are_refused() -> None:
    with pytest.raises(ModelError, match="3 columns need as many, not 0"):
        ZeroShot().fit([], nothing(3), seed=0)


@pytest.mark.parametrize("settings", [{"aggregate": "median"}, {"top_k": 0}])
def test_impossible_setting_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="top_k 1 or more"):
        ZeroShot(**settings)


def test_real_issues_are_told_apart_without_any_label(data: Path) -> None:
    older = read_issues(data / "scikit-learn.jsonl.gz")[:120]
    labels = ("Bug", "New Feature", "Documentation", "Build / CI", "API")
    p = fitted(labels, unlabeled=older[:40]).predict_proba(older[40:])
    y = np.maximum(build_targets(older[40:], labels), 0)
    found = measure(y, p >= 0.5, labels)
    assert found.micro_f1 > 0.45
    assert found.macro_f1 > 0.3


# --- entailment


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny model of natural-language inference that has learnt nothing."""
    return make_nli(tmp_path_factory.mktemp("nli"), ("contradiction", "neutral", "entailment"))


def make_nli(folder: Path, outcomes: Sequence[str]) -> str:
    make_checkpoint(folder, seed=1)
    config = transformers.BertConfig.from_pretrained(folder, id2label=dict(enumerate(outcomes)), initializer_range=0.5)
    config.label2id = {name: n for n, name in enumerate(outcomes)}
    transformers.set_seed(1)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def test_entailment_scores_every_label_on_its_own(nli: str) -> None:
    p = fitted(checkpoint=nli, unlabeled=labelled(4)).predict_proba([issue(1, "bug"), issue(2, "docs")])
    assert p.shape == (2, 3)
    assert ((p > 0) & (p < 1)).all()


def test_entailment_does_not_depend_on_the_other_labels(nli: str) -> None:
    new = [issue(1, "bug")]
    together, alone = fitted(checkpoint=nli).log_odds(new), fitted(["documentation"], checkpoint=nli).log_odds(new)
    assert together[0, 1] == pytest.approx(alone[0, 0], abs=1e-5)


def test_entailment_reads_the_hypothesis_and_the_names(nli: str) -> None:
    new = [issue(1, "bug")]
    plain = fitted(checkpoint=nli).log_odds(new)
    assert not np.allclose(plain, fitted(checkpoint=nli, hypothesis="crash: {}").log_odds(new))
    assert not np.allclose(plain, fitted(checkpoint=nli, names={"bug": ["save", "dark"]}).log_odds(new))


def test_entailment_of_several_names_is_their_mean_or_maximum(nli: str) -> None:
    new, names = [issue(1, "bug")], ("save", "dark")
    each = [fitted(["a"], checkpoint=nli, names={"a": [name]}).log_odds(new)[0, 0] for name in names]
    both = {
        how: fitted(["a"], checkpoint=nli, names={"a": names}, aggregate=how).log_odds(new) for how in ("mean", "max")
    }
    assert both["mean"][0, 0] == pytest.approx(np.mean(each), abs=1e-5)
    assert both["max"][0, 0] == pytest.approx(np.max(each), abs=1e-5)


def test_entailment_is_kept_with_its_centre(nli: str, tmp_path: Path) -> None:
    method = fitted(checkpoint=nli, unlabeled=labelled(4))
    method.save(tmp_path)
    loaded = ZeroShot.load(tmp_path, method.settings())
    strange = [
        issue(1, "bug"),
        Issue(number=2, title="", body=""),
        Issue(number=3, title="half \ud83d", body="x " * 9000),
    ]
    assert np.allclose(loaded.predict_proba(strange), method.predict_proba(strange), atol=1e-6)


def test_checkpoint_without_entailment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no entailment label; its labels: good, bad"):
        fitted(checkpoint=make_nli(tmp_path, ("good", "bad")))


def test_hypothesis_without_a_place_for_the_name_is_refused(nli: str) -> None:
    with pytest.raises(ModelError, match="once, where the label's name goes"):
        fitted(checkpoint=nli, hypothesis="This is a label.")


@pytest.mark.parametrize(("name", "why"), [("owner/name", "lacks its revision"), (".", "no model.safetensors")])
def test_checkpoint_that_cannot_be_read_is_refused(name: str, why: str) -> None:
    with pytest.raises(BackboneError, match=why):
        fitted(checkpoint=name)
