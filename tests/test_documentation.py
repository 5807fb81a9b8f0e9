"""README tells of everything that can be set or said, and of nothing that cannot."""

import argparse
import json
import re
from pathlib import Path

import pytest
import yaml

from bot.cli import ISSUES, build_parser
from bot.repo_config import SCHEMA, parse
from bot.settings import NAMES
from pipeline.methods import METHODS
from tests.bot.test_cli import subcommands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


FLAGS = {
    (each.prog.split()[1], flag)
    for each in subcommands(build_parser())
    for action in each._actions
    for flag in action.option_strings
    if flag.startswith("--") and flag != "--help" and action.help != argparse.SUPPRESS
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize(("command", "flag"), sorted(FLAGS))
def test_every_flag_is_documented_with_its_command(command: str, flag: str) -> None:
    rows = [line for line in README.splitlines() if line.startswith(f"| `issue-tagger {command}")]
    assert any(flag in row for row in rows)


@pytest.mark.parametrize("command", sorted({each.prog.split()[1] for each in subcommands(build_parser())}))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"`(issue-tagger )?{command}[ `]", README)


def test_issues_are_exported_by_one_command_wherever_it_is_told() -> None:
    places = (README, ISSUES, (ROOT / "bot/dashboard/templates/_setup.html").read_text())
    told = [re.findall(r"gh issue list .*?--json ([\w,]+)", place) for place in places]
    assert told == [told[0][:1]] * 3


@pytest.mark.parametrize("command", ["models", "deliveries"])
def test_help_shows_an_action_that_may_be_left_out_as_such(command: str) -> None:
    (usage,) = (each.format_usage() for each in subcommands(build_parser("")) if each.prog.endswith(f" {command}"))
    assert "[ACTION]" in usage


@pytest.mark.parametrize("command", ["undo", "backfill"])
def test_readme_says_that_a_time_is_in_utc(command: str) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `issue-tagger {command} "))
    assert "TIME" in row
    assert "UTC" in row


def test_readme_names_no_setting_that_is_not_there() -> None:
    told = set(re.findall(r"^\| (`[A-Z_]+`.*?) \|", README, re.MULTILINE))
    names = {name for row in told for name in re.findall(r"`([A-Z_]+)`", row)}
    assert names == NAMES


def test_configuration_of_a_repository_that_readme_shows_is_a_good_one_and_shows_everything() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert parse(example.encode()).language == "en"
    assert yaml.safe_load(example).keys() == json.loads(SCHEMA.read_text())["properties"].keys()


@pytest.mark.parametrize("target", ["up", "test"])
def test_both_commands_stand_in_the_quick_start(target: str) -> None:
    assert f"make {target}" in README
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_is_told_of(method: str) -> None:
    assert f"\n| `{method}` | " in README
