"""A connection has so much time for a request, and so much for what it sends along: in all."""

import asyncio
import contextlib
import time

import pytest
import uvicorn
from support.streamlit_client import by_itself
from uvicorn.server import ServerState

from components.web import connections
from components.web.connections import BoundedConnection

SOON = 0.3
"""Seconds, of either limit here; a byte is sent eight times as often."""
WHOLE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nabcd"
HEADER = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"


async def app(scope, receive, send):
    """Answers with as many bytes as it was sent; takes any websocket, and says nothing on it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    said = str(size).encode()
    length = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": said})


def talk(monkeypatch, client):
    """What a client makes of a server with this connection; `client` is a function of (in, out)."""
    monkeypatch.setattr(connections, "FIRST_SECONDS", SOON)
    monkeypatch.setattr(connections, "BODY_SECONDS", SOON)

    async def both():
        config = uvicorn.Config(
            app, http=BoundedConnection, ws="websockets-sansio", log_config=None
        )
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: BoundedConnection(config, state, {}), "localhost", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        try:
            return await asyncio.wait_for(client(reader, writer), 20)
        finally:
            writer.close()
            server.close()

    return by_itself(both())


async def answer(reader):
    """The last line of an answer whose body is one character."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return await reader.readexactly(1)


@pytest.mark.parametrize("beginning", [b"", HEADER, BODY, WHOLE + HEADER, WHOLE + BODY])
def test_a_byte_now_and_then_buys_no_time(monkeypatch, beginning):
    async def trickle(reader, writer):
        began = time.monotonic()
        writer.write(beginning)
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            if beginning:
                writer.write(b"x")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(ended), SOON / 8)
        with contextlib.suppress(ConnectionError):
            await ended
        return time.monotonic() - began

    assert SOON * 0.9 < talk(monkeypatch, trickle) < 10 * SOON


def test_who_asks_for_one_thing_after_another_may_take_longer(monkeypatch):
    async def ask_on(reader, writer):
        found = []
        for _ in range(4):
            writer.write(WHOLE[:50])
            await asyncio.sleep(SOON / 2)
            writer.write(WHOLE[50:])
            found.append(await answer(reader))
        return found

    assert talk(monkeypatch, ask_on) == [b"4"] * 4


def test_a_websocket_may_be_silent_for_as_long_as_it_likes(monkeypatch):
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"

    async def listen(reader, writer):
        writer.write(upgrade[:30])
        await asyncio.sleep(SOON / 4)
        writer.write(upgrade[30:] + key)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        with pytest.raises(asyncio.TimeoutError):  # nothing comes, and no end either
            await asyncio.wait_for(reader.read(), 3 * SOON)

    talk(monkeypatch, listen)
