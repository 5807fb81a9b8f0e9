import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.logs import FORMATTERS


def line(event: str, form: str = "text", **options: object) -> str:
    extra = options.pop("extra", None)
    logger = logging.Logger("test")
    exc_info = sys.exc_info() if options.pop("with_exception", False) else None
    record = logger.makeRecord("test", logging.INFO, __file__, 1, event, (), exc_info, extra=extra)  # type: ignore[arg-type]
    return FORMATTERS[form]("worker").format(record)


LIBRARIES = """
import logging
from bot import logs
logs.configure("trainer", "INFO")
import faiss
from torch.onnx._internal.exporter._registration import ONNXRegistry
from pipeline.eager import load_backbone
from pipeline.encoder import BUNDLED
load_backbone(BUNDLED)
ONNXRegistry.from_torchlib()
logging.info("Quantization parameters for a tensor are not specified")
logging.getLogger("pipeline.training").info("ours")
logging.getLogger("onnx_ir.passes").warning("theirs")
"""


def test_of_libraries_only_warnings_are_told() -> None:
    ended = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True, check=True)
    assert [told.split()[2:] for told in ended.stderr.splitlines()] == [["INFO", "ours"], ["WARNING", "theirs"]]


def test_record_becomes_one_line_with_its_fields() -> None:
    text = line("delivery handled", extra={"delivery": "abc", "took": 0.5})
    assert text.endswith("Z worker    INFO    delivery handled delivery=abc took=0.5")


def test_odd_values_are_quoted() -> None:
    text = line("odd", extra={"value": 'a "b"\nc', "empty": ""})
    assert text.endswith(r'odd value="a \"b\"\nc" empty=""')


def test_message_of_many_lines_becomes_one() -> None:
    assert line("first\nsecond").endswith("first second")


@pytest.mark.parametrize("form", ["text", "json"])
def test_exception_tells_type_and_place_but_not_its_text(form: str) -> None:
    try:
        raise ValueError("the text of an issue")
    except ValueError:
        text = line("failed", form, with_exception=True)
    assert ("exception=ValueError" if form == "text" else '"exception": "ValueError"') in text
    assert "test_logs.py" in text
    assert "issue" not in text.replace("issue-tagger", "")
    assert "\n" not in text


def test_record_becomes_an_object_of_json_with_the_same_fields() -> None:
    told = json.loads(line("first\nsecond", "json", extra={"delivery": 'a "b"', "took": 0.5, "path": Path("x")}))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    about = {"part": "worker", "level": "INFO", "event": "first second"}
    assert told == {**about, "delivery": 'a "b"', "took": 0.5, "path": "x"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_token_of_a_sign_in_link_is_left_out(form: str) -> None:
    text = line("Exception on /sign-in/very-secret [GET]", form)
    assert "very-secret" not in text
    assert "/sign-in/… [GET]" in text
