"""The health address says 503 and why once a worker is stuck."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette import starlette_app

from components.state import health


class RuntimeOf:
    """The part of Streamlit's runtime that its health address asks."""

    def __init__(self, ready):
        self.ready = ready

    @property
    async def is_ready_for_browser_connection(self):
        return self.ready, "ok" if self.ready else "unavailable"


@pytest.mark.parametrize(
    ("ready", "trouble", "status", "said"),
    [
        (True, None, 200, "ok"),
        (True, "The worker of cpu has ended: restart Headsweep.", 503, "has ended"),
        (False, None, 503, "starting or stopping"),
    ],
)
@pytest.mark.parametrize("base", ["", "lab", "/lab/"])
def test_the_answer(monkeypatch, ready, trouble, status, said, base):
    monkeypatch.setattr(starlette_app, "create_health_routes", lambda *_: [])
    monkeypatch.setattr(health.JOBS, "trouble", lambda: trouble)
    health.add_health_route()
    routes = starlette_app.create_health_routes(RuntimeOf(ready), base)
    path = "/lab/healthz" if base else "/healthz"
    answer = TestClient(Starlette(routes=routes)).get(path)
    assert answer.status_code == status
    assert said in answer.text
