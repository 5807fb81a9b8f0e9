"""What the issues of an experiment are like: the data report, with the parts that the methods are given."""

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from pipeline.data_report import describe
from pipeline.encoder import BUNDLED, TOKENS, checkpoint_folder
from pipeline.experiment_split import Split
from pipeline.issues import encodable
from pipeline.label_evidence import exclusive_groups
from pipeline.preparation import Prepared
from pipeline.templates import Boilerplate


def describe_split(split: Split) -> dict[str, Any]:
    """Return the data report of :func:`pipeline.data_report.describe`; tokens are those of the bundled backbone."""
    prepared = Prepared(
        labels=split.labels,
        train=list(split.labelled),
        valid=[],
        test=list(split.test),
        unsup=list(split.others),
        removed=list(split.removed),
        boilerplate=Boilerplate.learn(issue.body for issue in (*split.labelled, *split.others)),
        temporal=split.dated,
    )
    groups = exclusive_groups(split.targets, split.labels)
    return describe(prepared, count_tokens=_count_tokens, limit=TOKENS, groups=groups)


def _count_tokens(texts: Sequence[str]) -> list[int]:
    tokenizer = Tokenizer.from_file(f"{checkpoint_folder(BUNDLED)}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [len(each.ids) for each in tokenizer.encode_batch([encodable(text) for text in texts])]
