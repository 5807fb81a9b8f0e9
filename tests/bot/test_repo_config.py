"""A repository's configuration: everything has a default, and every mistake has its line."""

import json
import time
from datetime import timedelta

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.mistakes import LIMITS
from bot.models import Mode
from bot.repo_config import MOST_BYTES, MOST_PROBLEMS, SCHEMA, RepoConfig, Rule, matches, parse, parse_old
from bot.safe_yaml import FileError, Problem

WHOLE = """
mode: apply
labels:
  include: [bug, "area/*"]
  exclude: [area/internal]
  suggest_only: [run-ci]
  readable:
    C-bug: {name: bug, description: Something does not work}
groups:
  area/*: one
  priority/*: never
  needs-triage: settled
precision: {apply: 0.95, suggest: 0.5}
most_labels: 3
ignore:
  authors: ["*[bot]"]
  associations: [OWNER]
delay_minutes: 0.5
language: de
rules:
  - label: crash
    title: segfault|crash
    answers: {Operating system: windows}
"""


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(FileError) as caught:
        parse(text if isinstance(text, bytes) else text.encode())
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"# nothing\n", b"---\n", b"{}", b"\xef\xbb\xbf# saved on Windows\r\n"]
)
def test_empty_file_is_valid(content: bytes) -> None:
    assert parse(content) == RepoConfig()


def test_whole_number_may_be_written_with_a_point() -> None:
    most = parse(b"most_labels: 2.0").most_labels
    assert "abc"[:most] == "ab"


def test_everything_can_be_set() -> None:
    found = parse(WHOLE.encode())
    assert found == RepoConfig(
        mode=Mode.APPLY,
        include=("bug", "area/*"),
        exclude=("area/internal",),
        suggest_only=("run-ci",),
        readable={"C-bug": {"name": "bug", "description": "Something does not work"}},
        groups={"area/*": "one", "priority/*": "never", "needs-triage": "settled"},
        apply_precision=0.95,
        suggest_precision=0.5,
        most_labels=3,
        authors=("*[bot]",),
        associations=("OWNER",),
        delay=timedelta(seconds=30),
        language="de",
        rules=(Rule("crash", title="segfault|crash", answers={"Operating system": "windows"}),),
    )


def test_every_setting_of_the_schema_stands_in_that_example() -> None:
    schema, example = json.loads(SCHEMA.read_text()), yaml.safe_load(WHOLE)
    assert example.keys() == schema["properties"].keys()
    for name in ("labels", "precision", "ignore"):
        assert example[name].keys() == schema["properties"][name]["properties"].keys()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("mode: suggest\nmoode: apply\n", 2, "no setting 'moode' in the file; did you mean 'mode'"),
        ("labels:\n  include: [a]\n  only: [b]\n", 3, "no setting 'only' in labels; there are: exclude, include"),
        ("mode: always\n", 1, "mode is 'always'; there are: apply, shadow, suggest"),
        ("mode: Sugest\n", 1, "mode is 'Sugest'; did you mean 'suggest'?"),
        ("language: no\n", 1, "language is False to YAML; put words such as on, off, yes and no in quotes"),
        ("ignore:\n  associations:\n    - owner\n", 3, "ignore.associations.0 is 'owner'; did you mean 'OWNER'?"),
        ("ignore:\n  associations:\n    - [a]\n", 3, "ignore.associations.0 is a list; there are: COLLABORATOR,"),
        ("labels: [bug]\n", 1, "labels is a list, and must be a block of names, each with a colon and a value"),
        ("labels:\n  include:\n    - 12\n", 3, "labels.include.0 is 12, and must be text; put it in quotes"),
        ("labels:\n  include:\n    - ''\n", 3, "labels.include.0 is empty"),
        ("labels:\n  include:\n    - " + "a" * 201 + "\n", 3, "has 201 characters; 200 are the most"),
        ("labels:\n  include: [" + "a," * 1001 + "]\n", 2, "labels.include has 1,001 entries; 1,000 are the most"),
        ("groups:\n", 1, "groups is empty, and must be a block of names"),
        ("most_labels: 0\n", 1, "most_labels is 0, and must be 1 or more"),
        ("most_labels: many\n", 1, "most_labels is 'many', and must be a whole number"),
        ("delay_minutes: 20000\n", 1, "delay_minutes is 20000, and must be 10,080 or less"),
        ("precision: {apply: 0}\n", 1, "precision.apply is 0, and must be above 0"),
        ("rules:\n  - label: x\n    answers: {}\n", 3, "rules.0.answers needs a pattern"),
        ("\n\nprecision:\n  apply: 90\n", 4, "precision.apply is 90, and must be below 1; 90 % is 0.9"),
        ("precision:\n  apply: 0.5\n  suggest: 0.8\n", 3, "must not be above"),
        ("most_labels: yes\n", 1, "put words such as on, off, yes and no in quotes"),
        ("labels:\n  include:\n    - bug\n    - on\n", 4, "in quotes"),
        ("labels:\n  include: bug\n", 2, "labels.include is 'bug', and must be a list, such as [bug, docs]"),
        ("mode: apply\nmode: suggest\n", 2, "mode is there already, on line 1"),
        ("groups:\n  area/*: two\n", 2, "groups.area/* is 'two'; there are: never, one, settled"),
        ("groups:\n  yes: one\n", 2, "the key yes is no text to YAML"),
        ("rules:\n  - title: x\n", 2, "lacks label"),
        ("rules:\n  - label: x\n", 2, "needs a pattern"),
        ("rules:\n  - label: x\n    title: '(a'\n", 3, "no regular expression: missing )"),
        ("rules:\n  - label: x\n    answers:\n      OS: '[a'\n", 4, "no regular expression"),
        ("rules:\n  - label: x\n    title: (?aL)x\n", 3, "no regular expression"),
        ("rules:\n  - label: x\n    title: '(?:a){1<=e<=99999999999999999999999:[a]}'\n", 3, "no regular expression"),
        ("rules:\n  - label: x\n    title: 'a{100000000}'\n", 3, "counts in braces"),
        ("rules:\n  - label: x\n    title: '(?x)a{1 0 0 0 0 0 0 0}'\n", 3, "counts in braces"),
        ('rules:\n  - label: x\n    title: "(?x)a{1#c\\n00000000}"\n', 3, "counts in braces"),
        ("rules:\n  - label: x\n    title: '(?:(?:a{999}){999}){999}'\n", 3, "counts in braces"),
        ("- a\n", 1, "the file is a list, and must be a block of names"),
        ("mode: [apply\n", 2, "this is no YAML: a bracket that is not closed"),
        ("a: \tb: c\n", 1, "this is no YAML: a tab"),
        ("labels:\n\tinclude: [a]\n", 2, "this is no YAML: a tab; indent with spaces"),
        ("mode: apply\n  language: de\n", 2, "this is no YAML: a colon where none can be"),
        ("labels:\n    include: [a]\n  exclude: [b]\n", 3, "this is no YAML: this line's indentation"),
        ("mode: 'apply\n", 2, "this is no YAML: a quotation mark that is not closed"),
        ("mode: apply\nlanguage\ndelay_minutes: 1\n", 3, "this is no YAML: a name without a colon"),
        ("mode: &a apply\nlanguage: *a\n", 2, "aliases"),
        ("delay_minutes: .inf\n", 1, "delay_minutes"),
        ("delay_minutes: .nan\n", 1, "delay_minutes"),
        ("\nmode: 2026-99-99\n", 2, "'2026-99-99' cannot be read"),
        ("mode: !!python/object/apply:os.system [id]\n", 1, "tags (!name) are not taken"),
        ("\nmode: !!bool foo\n", 2, "tags (!name) are not taken"),
        ("delay_minutes: !!float nan\n", 1, "tags (!name) are not taken"),
        ('mode: "\\UFFFFFFFF"\n', 1, "cannot be read"),
        ("%YAML 1." + "9" * 5_000 + "\n---\nmode: apply\n", 1, "cannot be read"),
        ("\nprecision:\n  apply: " + "1:" * 9 + "1.5\n", 3, "precision.apply"),
        ("precision:\n  apply: " + "1:" * 200 + "1.5\n", 2, "cannot be read"),
        ("\nmode: 0x" + "F" * 20_000 + "\n", 2, "mode is too long for a number"),
        ('rules:\n- title: crash\n  label: "\\uD800"\n', 3, "rules.0.label has characters that are no text"),
        ('labels:\n  include:\n  - "\\0"\n', 3, "labels.include.0 has characters that are no text"),
        ('groups:\n  "\\uDFFF": [one]\n', 2, r"the key '\udfff' has characters that are no text"),
        ("--- a\n--- b\n", 2, "this is no YAML"),
        ("mode: apply\n\x07\n", 1, "this is no YAML"),
    ],
)
def test_mistake_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    found = problems(text)
    assert [each.line for each in found] == [line]
    assert reason in found[0].reason


def test_there_are_words_for_every_mistake_that_the_schema_can_find() -> None:
    def keywords(part: object) -> set[str]:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        found = set().union(*map(keywords, inner))
        return found | (part.keys() & Draft202012Validator.VALIDATORS.keys() if isinstance(part, dict) else set())

    others = {"additionalProperties", "enum", "items", "minProperties", "properties", "required", "type", "$ref"}
    schema = json.loads(SCHEMA.read_text())
    named = schema.pop("$defs")
    assert keywords([schema, *named.values()]) <= LIMITS.keys() | others


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    found = problems("mode: never\nlanguage: tlh\nmost_labels: 0\nwhat: 1\n")
    assert [each.line for each in found] == [1, 2, 3, 4]


def test_file_that_is_no_text_or_too_large_or_too_deep_is_refused() -> None:
    assert problems(b"mode: apply\n# caf\xe9\n") == [Problem(2, "this is no UTF-8; save the file as UTF-8")]
    assert "the most" in problems(b"#" * (MOST_BYTES + 1))[0].reason
    assert "nested too deeply" in problems("[" * 20_000)[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "ignore:\n  associations: [{}, " + ", ".join(map(str, range(9_500))) + "]\n",
        "rules: [" + "{label: a, title: '('}," * 2_700 + "]\n",
        "rules: [{label: a, title: '" + "(" * 30_000 + ")" * 30_000 + "'}]\n",
        "".join(f"a{number}: 1\n" for number in range(7_000)),
    ],
)
def test_small_file_does_not_keep_us_busy(text: str) -> None:
    begun = time.process_time()
    assert len(problems(text)) <= MOST_PROBLEMS
    assert time.process_time() - begun < 6


UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.parametrize(
    "pattern",
    [
        f"{UUID} {UUID}|{UUID}",
        "a{999}b{999}c{999}",
        "[({]{999}|[)}]{999}",
        r"\(a{999}\){999}",
        r"[\](]{999}[])]{999}",
        "(?:a{300}|b){300}",
        r"\p{Lu}{999}(?<year>[0-9]{4}){3}",
    ],
)
def test_counts_beside_each_other_are_added(pattern: str) -> None:
    told = f"rules: [{{label: a, title: {json.dumps(pattern)}}}]"
    assert parse(told.encode()).rules == (Rule("a", title=pattern),)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a{400}){300}",
        "(?:x(?:a{60}|b){60}[)]){60}",
        "(?:(a{999})?b){999}",
        "(?:a{999}[[:alpha:])(]){999}",
        "(?x)(?:a{999} # )(\n){999}",
        "(?:a{999}(?#()){999}",
        "(?V1)(?:a{999}[[a])(]){999}",
        "a{999}b{999})",
    ],
)
def test_counts_within_each_other_are_multiplied_and_so_are_all_where_that_is_hard_to_tell(pattern: str) -> None:
    with pytest.raises(FileError, match="counts in braces"):
        parse(f"rules: [{{label: a, title: {json.dumps(pattern)}}}]".encode())


def test_usual_counts_are_taken() -> None:
    dated = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} a{2,} b{,3}"
    assert parse(f"rules: [{{label: a, title: '{dated}'}}]".encode()).rules == (Rule("a", title=dated),)


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


def test_labels_are_used_if_included_and_neither_excluded_nor_never_to_be_touched() -> None:
    found = parse(WHOLE.encode())
    assert [name for name in ("Bug", "area/x", "area/internal", "docs") if found.uses(name)] == ["Bug", "area/x"]
    assert not parse(b"groups: {priority/*: never}").uses("Priority/high")
    assert RepoConfig().uses("anything")


def test_authors_and_associations_are_ignored() -> None:
    found = parse(WHOLE.encode())
    assert found.ignores("Dependabot[bot]", "NONE")
    assert found.ignores("octocat", "OWNER")
    assert not found.ignores("octocat", "MEMBER")


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("area/x", "area/*", True),
        ("a[1]", "a[1]", True),
        ("a1", "a[1]", False),
        ("what?", "what?", True),
        ("x", "?", False),
    ],
)
def test_only_the_star_is_special(name: str, pattern: str, found: bool) -> None:
    assert matches(name, [pattern]) is found


def test_file_of_issue_label_bot_is_understood() -> None:
    old = b"label-alias:\n  bug: kind/bug\n  feature_request: kind/feature\npredicted-labels:\n  - bug\n  - question\n"
    found = parse_old(old)
    assert found.include == ("kind/bug", "question")
    assert found.readable == {"kind/bug": {"name": "bug"}, "kind/feature": {"name": "feature_request"}}


@pytest.mark.parametrize(
    ("old", "line"), [("label-alias: [a]\n", 1), ("a: 1\npredicted-labels: bug\n", 2), ("predicted-labels: [1]\n", 1)]
)
def test_broken_file_of_issue_label_bot_is_told(old: str, line: int) -> None:
    with pytest.raises(FileError) as caught:
        parse_old(old.encode())
    assert [each.line for each in caught.value.problems] == [line]
