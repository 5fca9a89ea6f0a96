"""A browser session without a browser: Streamlit's websocket protocol as its own page speaks it.

What it relies on, of Streamlit 1.67 (what is on the page: `streamlit_page`):

- The socket is `/_stcore/stream`. The subprotocols are `streamlit`, a token against forged requests
  (any, where nobody logs in), and, to go on after a broken connection, the session's id. The server
  gives a session that it no longer knows a new id: every `new_session` says which it is.
- The page asks for a run by a `rerun_script` with its query string, its page's hash and the values
  of all its widgets. A button is in that one message only in which it is pressed. The first one has
  the page's name instead of its hash; `navigation` tells the hashes of all.
- A run is a `new_session`, deltas, and a `script_finished`; one that finished early is followed by
  another.
- `auto_rerun` has the page ask for a fragment's run at an interval, whatever else is going on,
  until the next full run begins or `stop_auto_rerun` names it.
- A run that stays for what is computed marks the end of what it draws (`hs-waiting`): what is older
  is hidden then.
- A page that has lost its connection asks for a full run if it was waiting for anything.
- For a file that is chosen in a box the page asks for a place, sends it there by HTTP, and the
  box's value is then where the file lies.
- What the page has cached it announces, so that the server need not send it again; this one has
  cached nothing.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Self

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from support.one_step_away import is_of_composer
from support.streamlit_page import Page, state_of
from support.streamlit_upload import upload
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

TIMEOUT = 60.0
"""Seconds that a page is waited for."""
SELDOM = 2.0
"""Seconds: what a page looks at as seldom as that is no computation, but a standing trouble."""


def by_itself(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it on a thread of its own: where a browser was opened, this one has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class SessionLostError(Exception):
    """The server closed the connection, or knows the session no more."""


class PageError(Exception):
    """The page shows an exception."""


class Session:
    """One tab on the dashboard: `async with Session(url) as session`.

    `url` is the server's; `page` and `query` are what an address has after it; `cookie` is what
    its browser brings along.
    """

    def __init__(
        self,
        url: str,
        page: str = "",
        query: str = "",
        *,
        cookie: str = "",
        timeout: float = TIMEOUT,
    ) -> None:
        self.url, self.timeout = url, timeout
        self._headers = {"Cookie": cookie} if cookie else {}
        self.id, self.query_string = "", query
        self.page = Page()
        self.n_bytes = 0
        self._hash, self._run, self._opened_at = "", "", page
        self._pages: dict[str, str] = {}
        self._asked: str | None = None  # a fragment, or "": the whole script
        self._running = self._waits = False
        self._timers: dict[str, tuple[float, asyncio.Task[None]]] = {}
        self._failure: Exception | None = None
        self._places: list[FileURLs] = []  # where files may be uploaded to
        self._news = asyncio.Condition()
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._connect()
        await self._ask()
        await self.at_rest()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_timers()
        await self._disconnect()

    async def set(self, key: str, text: str) -> None:
        """Type into a box: of text, of names that it need not offer, or of a number."""
        await self._reach(key)
        is_number = self.page.widget(key).kind == "number_input"
        await self._change(key, (float(text) if text else None) if is_number else text)

    async def choose(self, key: str, label: str) -> None:
        """Choose one of a row of choices."""
        await self._change(key, [label])

    async def switch(self, key: str, on: bool) -> None:
        """Put a switch on or off."""
        await self._change(key, on)

    async def select(self, key: str, points: Sequence[Mapping[str, Any]]) -> None:
        """Select points of a figure, as a click on it does."""
        chosen = {"points": points, "point_indices": [], "box": [], "lasso": []}
        await self._change(key, json.dumps({"selection": chosen}))

    async def go(self, title: str) -> None:
        """To another page by its link, in the same session."""
        await self.at_rest()
        self._hash, self.query_string = self._pages[title], ""
        self.page.values.clear()
        await self._ask()

    async def go_back(self, title: str, query: str, late: str) -> None:
        """To a page by the browser's Back, in the same session.

        `query` is what the address there has; `late` what the page that is left still puts there,
        by words that were under way.
        """
        await self.at_rest()
        self._hash, self.query_string = self._pages[title], late
        self.page.values.clear()
        await self._ask(back_to=query)

    async def choose_at_once(self, key: str, label: str) -> None:
        """Choose one of a row of choices, though a script still runs: its run is overtaken."""
        widget = self.page.widget(key)
        self.page.values[widget.id] = state_of(widget.id, [label])
        await self._ask(widget.fragment)

    async def press(self, key: str) -> None:
        """Press a button."""
        await self.at_rest()
        button = self.page.widget(key)
        if button.content.button.disabled:
            raise LookupError(f"The button {key!r} cannot be pressed now.")
        await self._ask(button.fragment, pressed=WidgetState(id=button.id, trigger_value=True))

    async def tell(self, key: str, event: WidgetState) -> None:
        """Send what a component of the page tells."""
        await self.at_rest()
        await self._ask(self.page.widget(key).fragment, pressed=event)

    async def at_rest(self) -> None:
        """Until all is drawn for this tab and nothing was asked for."""
        await self.until(lambda: self._rests)

    async def settled(self) -> None:
        """Until the page is at rest, looks at nothing soon again, and shows no progress bar."""
        await self.until(
            lambda: self._rests and not self._looks_soon and not self.shows("progress")
        )

    async def until(self, done: Callable[[], bool]) -> None:
        """Until `done()`; raises `TimeoutError`, and whatever went wrong meanwhile."""
        async with self._news:
            await asyncio.wait_for(
                self._news.wait_for(lambda: self._failure is not None or done()), self.timeout
            )
        if self._failure is not None:
            raise self._failure

    async def reconnect(self) -> None:
        """Lose the connection and make it anew, as the page does by itself."""
        await self._disconnect()
        await self._connect()
        if not self._rests or self._timers:
            await self._ask()

    @property
    def _rests(self) -> bool:
        return self._asked is None and (self._waits or not self._running)

    @property
    def _looks_soon(self) -> bool:
        return any(interval < SELDOM for interval, _ in self._timers.values())

    def shows(self, key: str) -> bool:
        """Whether something with that key is on the page."""
        return self.page.find(key) is not None

    def text(self, key: str) -> str:
        """The words in a container, white space collapsed."""
        return self.page.text(key)

    def errors(self) -> list[str]:
        """The messages beneath the fields."""
        return self.page.errors()

    def heatmap(self) -> np.ndarray:
        """(layer, head) of the heatmap, in the unit of the metric on display."""
        return self.page.heatmap()

    async def _connect(self) -> None:
        offered = ["streamlit", "PLACEHOLDER_AUTH_TOKEN", *filter(None, [self.id])]
        self._socket = await connect(
            f"{self.url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self.url,
            additional_headers=self._headers,
            subprotocols=[Subprotocol(each) for each in offered],
            max_size=None,
            open_timeout=self.timeout,
            ping_interval=None,  # a browser does not ask whether the server lives
            compression=None,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _disconnect(self) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])
        await self._socket.close()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                assert isinstance(data, bytes)
                self.n_bytes += len(data)
                self._take(ForwardMsg.FromString(data))
                await self._tell()
            raise SessionLostError("The server closed the connection.")
        except Exception as error:
            lost = isinstance(error, ConnectionClosed)
            self._failure = SessionLostError(str(error)) if lost else error
            self._stop_timers()
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _reach(self, key: str) -> None:
        """At rest, open the composer where it is folded and has what is looked for."""
        await self.at_rest()
        if self.page.find(key) is None and is_of_composer(key) and self.shows("edit"):
            await self.press("edit")
            await self.at_rest()

    async def _change(self, key: str, value: bool | str | list[str] | float | None) -> None:
        await self._reach(key)
        widget = self.page.widget(key)
        self.page.values[widget.id] = state_of(widget.id, value)
        await self._ask(widget.fragment)

    async def _ask(
        self,
        fragment: str = "",
        *,
        pressed: WidgetState | None = None,
        auto: bool = False,
        back_to: str | None = None,
    ) -> None:
        """Ask for a run of the script, or of a fragment."""
        message = BackMsg()
        run = message.rerun_script
        run.query_string = self.query_string if back_to is None else back_to
        run.page_script_hash, run.is_history_navigation = self._hash, back_to is not None
        run.page_name = "" if self._hash else self._opened_at
        run.fragment_id, run.is_auto_rerun = fragment, auto
        run.widget_states.widgets.extend(self.page.values.values())
        if pressed is not None:
            run.widget_states.widgets.append(pressed)
        run.context_info.url, run.context_info.color_scheme = self.url, "light"
        run.context_info.timezone, run.context_info.locale = "UTC", "en-US"
        if not auto:
            self._asked = fragment
        await self._socket.send(message.SerializeToString())

    def _take(self, message: ForwardMsg) -> None:
        run = message.metadata.run
        match message.WhichOneof("type"):
            case "new_session":
                self._begin(message.new_session, run)
            case "delta":
                self._draw(message.delta, tuple(message.metadata.delta_path))
            case "script_finished":
                self._finish(message.script_finished, run)
            case "page_info_changed":
                self.query_string = message.page_info_changed.query_string
            case "navigation":
                self._pages = {
                    p.page_name: p.page_script_hash for p in message.navigation.app_pages
                }
                self._hash = message.navigation.page_script_hash
            case "auto_rerun":
                self._look_again(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._stop_timers(*message.stop_auto_rerun.fragment_ids)
            case "file_urls_response":
                self._places.extend(message.file_urls_response.file_urls)
            case "session_event":
                if message.session_event.HasField("script_compilation_exception"):
                    raise PageError(message.session_event.script_compilation_exception.message)

    def _begin(self, told: Any, run: Any) -> None:
        known, self.id = self.id, told.initialize.session_id
        if known not in ("", self.id):
            raise SessionLostError(f"Session {known} has become {self.id}.")
        self._hash, self._run, self._running = told.page_script_hash, run.script_run_id, True
        self._waits = False
        if not run.fragment_ids:
            self._asked = None
            self._stop_timers()

    def _draw(self, delta: Any, path: tuple[int, ...]) -> None:
        node = self.page.draw(delta, path, self._run)
        if node is not None and node.kind == "exception":
            said = node.content.exception
            raise PageError(f"{said.type}: {said.message}")
        if (
            node is not None
            and node.kind == "html"
            and 'class="hs-waiting"' in node.content.html.body
        ):
            self._waits = True
            self.page.finish(self._run, ())

    def _finish(self, status: int, run: Any) -> None:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN or run.script_run_id != self._run:
            return
        self.page.finish(run.script_run_id, run.fragment_ids)
        # Not any fragment's: a look asked for long ago may come in after a button was pressed.
        if self._asked in run.fragment_ids:
            self._asked = None
        self._running = self._waits = False

    def _look_again(self, fragment: str, interval: float) -> None:
        if fragment in self._timers and self._timers[fragment][0] == interval:
            return
        self._stop_timers(fragment)
        self._timers[fragment] = interval, asyncio.create_task(self._tick(fragment, interval))

    async def _tick(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            with suppress(ConnectionClosed):  # between two connections
                await self._ask(fragment, auto=True)

    def _stop_timers(self, *fragments: str) -> None:
        """Look no more at these fragments; no names: at any."""
        for name in fragments or tuple(self._timers):
            if name in self._timers:
                self._timers.pop(name)[1].cancel()

    async def give(self, key: str, name: str, content: bytes) -> None:
        """Choose a file in a file box."""
        await self.at_rest()
        box = self.page.widget(key)
        message = BackMsg()
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.id
        await self._socket.send(message.SerializeToString())
        await self.until(lambda: self._places != [])
        place = self._places.pop()
        await upload(self.url, place.upload_url, name, content)
        given = WidgetState(id=box.id)
        given.file_uploader_state_value.uploaded_file_info.add(
            file_id=place.file_id, name=name, size=len(content), file_urls=place
        )
        self.page.values[box.id] = given
        await self._ask(box.fragment)

    async def toggle(self, key: str, index: int) -> None:
        """Press one of a row of which several can be chosen, or let it go."""
        widget = self.page.widget(key)
        told = widget.content.button_group
        label, chosen = told.options[index].content, self.page.chosen(key)
        if told.click_mode == told.SINGLE_SELECT:
            chosen = [each for each in chosen if each == label]
        rest = [each for each in chosen if each != label]
        await self._change(key, rest if label in chosen else [*chosen, label])

    async def fill(self, key: str, text: str) -> None:
        """Type into a box of a form: what stands there is sent with the form's button."""
        await self.at_rest()
        widget = self.page.widget(key)
        self.page.values[widget.id] = state_of(widget.id, text)

    async def forge(self, states: Sequence[WidgetState]) -> None:
        """Say that widgets have these values, whatever widgets there are, for one run."""
        await self.at_rest()
        own = dict(self.page.values)
        self.page.values = {state.id: state for state in states}
        await self._ask()
        self.page.values = own
        await self.at_rest()

    async def say(self, raw: bytes | str) -> None:
        """Send what may be no message at all; then ask for a run, as if nothing had happened.

        Raises `SessionLostError` where the server has hung up.
        """
        await self.at_rest()
        try:
            await self._socket.send(raw)
            await self._ask()
        except ConnectionClosed as error:
            raise SessionLostError(str(error)) from None
        await self.at_rest()
