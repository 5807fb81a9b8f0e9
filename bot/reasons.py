"""Why nothing is written on an issue: kept, and shown to the operator, in these words; see `words_why.py`."""

from enum import StrEnum


class Reason(StrEnum):
    """Why nothing was written for a prediction, or why there is none."""

    # of a prediction that is there
    SHADOW = "shadow mode"
    UNSURE = "no label reached its threshold"
    NEWER = "the text has changed since: a newer prediction stands"
    GONE = "the issue is gone: deleted, transferred or made a discussion"
    LOCKED = "the conversation is locked"
    PRESENT = "the labels are on the issue already, or not in the repository"
    TAKEN_BACK = "taken back before it was written"
    UNDONE = "taken back after it was written"
    WAITS = "waits, so that people go first"
    # of one that is there, or is not
    PAUSED = "the repository is paused"
    CLOSED = "the issue is closed"
    IGNORED = "the configuration leaves issues of this author alone"
    LABELLED = "a person has labelled the issue already"
    DECLINED = "a person has taken labels off, or said that they do not fit"
    # of one that is not
    OLD = "the issue is from before the App came"
    MISSED = "the issue was opened before a pause ended"
