"""What an operator's health check is told by a served dashboard."""

import urllib.request

import pytest
from support.serving import dashboard

pytestmark = [pytest.mark.served, pytest.mark.slow]


def test_the_health_address_answers_under_the_base_path(tmp_path):
    with (
        dashboard(log=tmp_path / "log", HEADSWEEP_BASE_PATH="lab") as url,
        urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer,
    ):
        assert (answer.status, answer.read()) == (200, b"ok")
        assert answer.headers["Cache-Control"] == "no-store"
