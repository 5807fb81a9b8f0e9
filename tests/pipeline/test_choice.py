"""The table of a choice ranks no figures against each other that were measured on different issues."""

from dataclasses import asdict

import pytest

from pipeline.choice import Entry, parts, ranked
from tests.pipeline.test_selection import chosen, field, method, worded

TWINS, NEWEST = "80 issues, each predicted by a twin that did not see it", "20 newest issues, after a fit on the others"


def entry(name: str, figure: float | None, on: str = TWINS, issues: int | None = 80) -> Entry:
    return Entry(name, "", "compared", on=on, issues=issues, micro_f1=figure, macro_f1=figure, average_precision=figure)


def test_part_in_which_it_was_decided_comes_first_and_each_has_its_best_first() -> None:
    skipped = Entry("late", "", "skipped", "no time left")
    twins = [entry("poor", 0.7), entry("good", 0.9), entry("partly", 0.95, issues=60)]
    newest = [entry("slow", 0.5, NEWEST, 20), entry("good", 0.4, NEWEST, 20)]
    table = ranked([skipped, *twins, *newest], NEWEST)
    found = [(on, [row["name"] for row in rows]) for on, rows in parts(map(asdict, table))]
    assert found == [
        (NEWEST, ["slow", "good"]),
        (TWINS, ["good", "poor"]),
        (f"60 of the {TWINS}", ["partly"]),
        ("", ["late"]),
    ]


def test_table_of_an_earlier_release_is_told_apart_by_the_number_of_issues() -> None:
    rows = [{key: value for key, value in asdict(each).items() if key != "on"} for each in (entry("a", 0.5),)]
    assert parts(rows) == [("80 issues", rows)]


@pytest.mark.parametrize("skill", [0.2, 3.0])
def test_what_stands_is_shown_on_the_issues_on_which_a_slow_method_met_it(
    monkeypatch: pytest.MonkeyPatch, skill: float
) -> None:
    field(monkeypatch, method("one", skill=1.0), method("other", skill=1.0), method("slow", encoder=True, skill=skill))
    table = chosen(worded(80)).table
    newest = [each for each in table if each.on == table[0].on]
    assert {each.issues for each in newest} == {20}
    assert newest[0].on == "20 newest issues, after a fit on the others"
    standing = {each.name for each in table if each.on != table[0].on and each.issues == 80}
    assert {"one", "other"} <= standing
    assert {"one", "slow"} <= {each.name for each in newest}
    assert [each.on for each in table if each.state == "chosen"] == [newest[0].on]
    assert [each.mean for each in newest] == sorted((each.mean for each in newest), reverse=True)
