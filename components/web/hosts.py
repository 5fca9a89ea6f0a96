"""Under which names this server answers, so that no other site can pass for it.

Without that a page of evil.example, whose name an attacker lets point at 127.0.0.1 a moment later
(DNS rebinding), would be of one origin with a dashboard on the visitor's own machine, and could
read and change all that is in it. Such a page always comes by a *name* of the attacker's, by which
it is told; an IP address as a host is nobody's to let point elsewhere.
"""

import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from components.web.answers import header, refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

IsAllowed = Callable[[str], bool]

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104
"""What is listened on where the operator wants every address of the machine."""
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,253}))(?::[0-9]{1,5})?")

_log = logging.getLogger(__name__)


def host_name(text: str) -> str | None:
    """The host of a Host header, in small letters, without port and last dot; None for no host."""
    found = _HOST.fullmatch(text)
    return None if found is None else (found[1] or found[2]).lower().rstrip(".")


def allowed_hosts(address: str, named: Collection[str]) -> IsAllowed:
    """Whether to answer under the name of a host, for a server that listens on `address`.

    Always under localhost's names and the address itself. A server that listens everywhere also
    answers under every IP address and the machine's own name. `named` are the operator's: names,
    `*.example.org` for all beneath one, or `*` for any at all.
    """
    everywhere = address in EVERYWHERE
    exact = {"localhost", address.lower(), *(name.lower().rstrip(".") for name in named)}
    if everywhere:
        exact.add(socket.gethostname().lower())
    beneath = tuple(name[1:] for name in exact if name.startswith("*."))

    def is_allowed(host: str) -> bool:
        if "*" in exact or host in exact or host.endswith(beneath):
            return True
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            return False
        return everywhere or ip.is_loopback

    return is_allowed


class OwnHosts:
    """Answers requests and websockets that come under an allowed name, and refuses all others.

    A websocket's origin, the site whose page opens it, must be an allowed name as well.
    """

    def __init__(self, app: "ASGIApp", is_allowed: IsAllowed, url: str) -> None:
        self._app, self._is_allowed, self._url = app, is_allowed, url

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        seen = self._foreign(scope) if scope["type"] in ("http", "websocket") else None
        if seen is None:
            await self._app(scope, receive, send)
            return
        _log.warning("Not answered under the host %.100r: see HEADSWEEP_ALLOWED_HOSTS", seen)
        await refuse(scope, receive, send, 403, self._sentence(seen))

    def _foreign(self, scope: "Scope") -> str | None:
        """The host or origin for which there is no answer; None where both are allowed."""
        hosts = header(scope, b"host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return ", ".join(hosts)
        if scope["type"] == "websocket":
            for origin in header(scope, b"origin"):
                if not self._is_own(_host_of(origin)):
                    return origin
        return None

    def _is_own(self, text: str) -> bool:
        host = host_name(text)
        return host is not None and self._is_allowed(host)

    def _sentence(self, seen: str) -> str:
        return (
            f"Headsweep does not answer under the name {seen[:100]!r} here: open {self._url} on "
            "the machine that it runs on, or have its operator add the name to "
            "HEADSWEEP_ALLOWED_HOSTS."
        )


def _host_of(origin: str) -> str:
    """The host and port of an origin such as https://lab.example:8443; empty for none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
