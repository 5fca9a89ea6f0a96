"""The health address says 503 and why once a worker is stuck, or the database cannot be written."""

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from components.web import health


@pytest.mark.parametrize(
    ("workers", "database", "status", "said"),
    [
        (None, "", 200, "ok"),
        ("The worker of cpu has ended: restart Headsweep.", "", 503, "has ended"),
        (None, "no route to postgresql://me:hunter2@host/runs", 503, "cannot be written"),
    ],
)
def test_the_answer(monkeypatch, workers, database, status, said):
    monkeypatch.setattr(health.JOBS, "trouble", lambda: workers)
    monkeypatch.setattr(health.KEEPER, "trouble", database)
    answer = TestClient(Starlette(routes=[Route("/healthz", health.health)])).get("/healthz")
    assert answer.status_code == status
    assert said in answer.text
    assert "hunter2" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
