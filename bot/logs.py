"""One line a log record: time, part, level, what happened, and the ids that go with it, as text or as JSON."""

import json
import logging
import os
import re
import time
import traceback
from types import TracebackType

OURS = ("bot", "pipeline")  # told of from the level set on; libraries from WARNING on
WRONGLY_WARNS = "torch.onnx._internal.exporter._registration"  # of torchvision, which nothing here needs
FRAMES = 6  # of an uncaught exception
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_SIGN_IN = re.compile(r"(/sign-in/)[^\s?\"']+")
_PLAIN = re.compile(r"[^\s=\"\\]+")


class LineFormatter(logging.Formatter):
    """Write a record on one line, the ids as `key=value`.

    Of an exception, only its type and where it was raised are written: its text may quote an issue, a statement with
    its parameters, or a request with its token. For the same reason the token of a sign-in link is left out.
    """

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = "".join(f" {name}={_value(value)}" for name, value in self.fields(record).items())
        start = f"{_moment(record)} {self.part:<9} {record.levelname:<7} "
        return start + _SIGN_IN.sub(r"\1…", _event(record) + fields)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """Return what goes with an event."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            extra |= {"exception": record.exc_info[0].__name__, "at": _where(record.exc_info[2])}
        return extra


class JsonFormatter(LineFormatter):
    """Write the same as an object of JSON, for what collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        start = {"time": _moment(record), "part": self.part, "level": record.levelname, "event": _event(record)}
        return _SIGN_IN.sub(r"\1…", json.dumps({**self.fields(record), **start}, ensure_ascii=False, default=str))


FORMATTERS = {"text": LineFormatter, "json": JsonFormatter}


def _moment(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{record.msecs:03.0f}Z"


def _event(record: logging.LogRecord) -> str:
    return " ".join(record.getMessage().splitlines())


def _where(raised: TracebackType | None) -> str:
    frames = traceback.extract_tb(raised)[-FRAMES:]
    return " > ".join(f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames)


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def configure(part: str, level: str, form: str = "text") -> None:
    """Log to standard error, from `level` on, in the name of a part of the program, as text or as JSON.

    Of libraries, only warnings and worse are told; their progress bars, which are no lines of a log, are off.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATTERS[form](part))
    number = logging.getLevelNamesMapping()[level]
    logging.basicConfig(level=max(logging.WARNING, number), handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(number)
    logging.getLogger(WRONGLY_WARNS).setLevel(logging.ERROR)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
