"""The health address of an operator: whether the server answers, and whether its workers work.

Streamlit's own `/_stcore/health` says ok for as long as pages are served, and every page asks it
before it connects. It stays as it is, so that kept runs can be opened while nothing is computed.
"""

from typing import TYPE_CHECKING, Any

from core.jobs import JOBS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "healthz"


def add_health_route() -> None:
    """Let the server that starts next answer at `/healthz`, after the base path if there is one.

    200 and "ok" while all is well. 503 and one sentence where the server is starting or stopping,
    or where a worker has ended or is stuck, which a supervisor mends by a restart.
    """
    from starlette.routing import Route
    from streamlit.web.server.starlette import starlette_app

    of_streamlit = starlette_app.create_health_routes  # type: ignore[attr-defined]

    def routes(runtime: Any, base_url: str | None) -> list[Any]:
        async def answer(request: "Request") -> "Response":
            ready, _ = await runtime.is_ready_for_browser_connection
            return _answer(JOBS.trouble() if ready else "The server is starting or stopping.")

        path = "/".join(filter(None, ((base_url or "").strip("/"), PATH)))
        own = Route(f"/{path}", answer, methods=["GET", "HEAD"])
        return [*of_streamlit(runtime, base_url), own]

    starlette_app.create_health_routes = routes  # type: ignore[attr-defined]


def _answer(trouble: str | None) -> "Response":
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(
        trouble or "ok",
        status_code=503 if trouble else 200,
        headers={"Cache-Control": "no-store"},
    )
