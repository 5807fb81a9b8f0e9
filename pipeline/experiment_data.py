"""What the issues of an experiment are like: the data report, with the parts that the methods are given."""

from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer

from pipeline.data_report import describe
from pipeline.encoder import BUNDLED, TOKENS, checkpoint_folder
from pipeline.issues import encodable
from pipeline.label_evidence import exclusive_groups
from pipeline.preparation import Prepared


def describe_split(prepared: Prepared, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Return the data report of :func:`pipeline.data_report.describe`; tokens are those of the bundled backbone."""
    groups = exclusive_groups(prepared.split.targets, prepared.split.labels)
    return describe(prepared, count_tokens=_count_tokens, limit=TOKENS, left_out=left_out, groups=groups)


def _count_tokens(texts: Sequence[str]) -> list[int]:
    tokenizer = Tokenizer.from_file(f"{checkpoint_folder(BUNDLED)}/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [len(each.ids) for each in tokenizer.encode_batch([encodable(text) for text in texts])]
