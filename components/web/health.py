"""The health address of an operator: whether the server works, not only whether it answers.

Streamlit's own `/_stcore/health` says ok for as long as pages are served, and every page asks it
before it connects. It stays as it is, so that kept runs can be opened while nothing is computed.
"""

from typing import TYPE_CHECKING

from core.jobs import JOBS
from core.store.keeper import KEEPER

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "healthz"


def trouble() -> str | None:
    """What is wrong, in a sentence that holds no address and no password; None where nothing is.

    A worker that has ended or is stuck, or finished runs that cannot be written.
    """
    if said := JOBS.trouble():
        return said
    if KEEPER.trouble:
        return (
            f"The database of runs cannot be written, and {KEEPER.n_waiting} finished runs wait in "
            "memory: mend it before you restart Headsweep. Its log says more."
        )
    return None


async def health(request: "Request") -> "Response":
    """200 and "ok" while all is well, else 503 and one sentence."""
    from starlette.responses import PlainTextResponse

    said = trouble()
    return PlainTextResponse(
        said or "ok", status_code=503 if said else 200, headers={"Cache-Control": "no-store"}
    )
