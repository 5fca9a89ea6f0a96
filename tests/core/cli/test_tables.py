"""The tables of `head` and `roles`: the numbers of the JSON, on a terminal unless asked for."""

import io
import json
import sys

import pytest

from core.cli.tables import Printed, chosen_format
from core.demo.example import SPEC
from core.text.numbers import ordinal, signed

PANGRAM = ("--prompt", SPEC.prompt, "--target", SPEC.target, "--ablation", "mean")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_person_gets_a_table_and_a_program_json(monkeypatch, tmp_path):
    assert chosen_format(None, None) is Printed.JSON  # tests read a pipe
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert chosen_format(None, None) is Printed.TABLE
    assert chosen_format(None, tmp_path / "x.json") is Printed.JSON
    assert chosen_format(Printed.JSON, None) is Printed.JSON
    assert chosen_format(Printed.TABLE, tmp_path / "x.txt") is Printed.TABLE


@pytest.mark.slow
def test_several_heads_are_each_what_one_alone_is(inside):
    """One sweep for all of them; in the order in which they are named, each once."""
    named = ("--head", "L1H0, L0H0", "--head", "L1H0")
    both = json.loads(inside("head", *PANGRAM, *named).stdout)
    assert both["schema"] == "headsweep.heads/1"
    assert [each["head"] for each in both["heads"]] == ["L1H0", "L0H0"]
    alone = json.loads(inside("head", *PANGRAM, "--head", "L0H0").stdout)
    assert alone["schema"].startswith("headsweep.head/")
    same = both["heads"][1]
    assert {**same, "provenance": None} == {**alone, "provenance": None}


@pytest.mark.slow
def test_the_tables_have_the_numbers_of_the_json(inside, tmp_path):
    report = json.loads(inside("head", *PANGRAM, "--head", "L1H0").stdout)
    out = tmp_path / "head.txt"
    done = inside("head", *PANGRAM, "--head", "L1H0", "--format", "table", "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = " ".join(out.read_text(encoding="utf-8").split())
    for sentence in report["verdict"]:
        assert " ".join(sentence.split()) in words
    effect = report["effect"]
    change = f"{100 * effect['prob_change']:+.1f}".replace("-", "−")
    assert f"mean (this sweep) {100 * effect['prob']:.1f} % {change}" in words
    induction = report["head_scores"]["scores"]["induction"]
    place = f"{ordinal(induction['rank'])} of {induction['of']}"
    assert f"induction {induction['score']:.2f} {place}" in words
    assert "attends to ␣jumps at 5 (100 %)" in words
    feeds = report["path_patching"]
    assert "What feeds it, residual stream only" in words
    assert f"It looks from {feeds['query']} to {feeds['key']}" in words
    change, head = max((abs(value), head) for head, value in enumerate(feeds["by_key"][0]))
    assert f"key that weight L0H{head} {signed(feeds['by_key'][0][head], 3)}" in words
    assert change > 0


@pytest.mark.slow
def test_the_table_of_roles_has_the_heads_that_look_like_one(inside):
    values = json.loads(inside("roles", "--without", "L0H0").stdout)
    printed = inside("roles", "--without", "L0H0", "--format", "table").stdout
    rows = {line.split()[0]: line for line in printed.splitlines() if line.startswith("L")}
    named = {row["label"]: row for row in values["heads"] if row["looks_like"] is not None}
    assert rows.keys() == named.keys()
    after = {row["label"]: row for row in values["without"]["heads"]}
    for label, row in named.items():
        role = row["looks_like"]
        assert f" {row['scores'][role]:.2f} " in rows[label]
        assert rows[label].endswith(f" {after[label]['scores'][role]:.2f}")
