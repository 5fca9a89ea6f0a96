"""What the ASGI middlewares share: reading a header, and saying no in a sentence."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def header(scope: "Scope", name: bytes) -> list[str]:
    """The values of a header, which may be given several times; `name` in small letters."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


async def refuse(
    scope: "Scope", receive: "Receive", send: "Send", status: int, sentence: str
) -> None:
    """Refuse a request, or a websocket before it is accepted, with a sentence as plain text."""
    from starlette.responses import PlainTextResponse

    if scope["type"] == "websocket" and "websocket.http.response" not in scope["extensions"]:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    response = PlainTextResponse(
        f"{sentence}\n", status_code=status, headers={"Cache-Control": "no-store"}
    )
    await response(scope, receive, send)
