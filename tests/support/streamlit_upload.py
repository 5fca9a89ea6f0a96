"""A file sent to Streamlit's server, as its own page sends one."""

import asyncio

import httpx


async def upload(server: str, place: str, name: str, content: bytes) -> None:
    """Put a file where the server has said that it may lie; raises where it is refused."""
    await asyncio.to_thread(_put, server, place, name, content)


def _put(server: str, place: str, name: str, content: bytes) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        # Against forged requests: what the cookie says is said once more in a header.
        client.get(f"{server}/_stcore/health").raise_for_status()
        token = client.cookies["_streamlit_xsrf"]
        file = {"file": (name, content, "application/json")}
        client.put(
            f"{server}{place}", files=file, headers={"X-Xsrftoken": token}
        ).raise_for_status()
