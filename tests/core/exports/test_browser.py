"""Which browser is found: the one named, else the first that is installed, else none."""

import stat
import sys

import pytest

from core.exports import browser
from core.exports.browser import NAMES, VARIABLE, find_browser


def program(path):
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A machine without any browser, whose PATH is one empty folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(browser, "APPLICATIONS", {})
    return tmp_path


def test_a_machine_without_a_browser_has_none():
    assert find_browser() is None


@pytest.mark.parametrize("name", NAMES)
def test_each_name_on_the_path_is_found(bare, name):
    there = program(bare / name)
    assert find_browser() == there


def test_the_names_come_in_order(bare):
    paths = [program(bare / name) for name in reversed(NAMES)]
    assert find_browser() == paths[-1]


def test_the_variable_comes_first_and_stands_alone(bare, monkeypatch, tmp_path):
    program(bare / NAMES[0])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv(VARIABLE, program(elsewhere / "mine"))
    assert find_browser() == str(elsewhere / "mine")
    monkeypatch.setenv(VARIABLE, str(elsewhere / "absent"))
    assert find_browser() is None
    (elsewhere / "text").write_text("no program", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(elsewhere / "text"))
    assert find_browser() is None


def test_an_application_off_the_path_is_found_last(bare, monkeypatch):
    application = program(bare / "An Application")
    monkeypatch.setattr(browser, "APPLICATIONS", {sys.platform: ("/absent", application)})
    assert find_browser() == application
    on_path = program(bare / NAMES[-1])
    assert find_browser() == on_path
