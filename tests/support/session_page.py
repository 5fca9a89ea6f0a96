"""What a user does on the dashboard where no browser is needed to see it: the names of
`DashboardPage`, on a session that speaks the page's protocol. It costs a fifth."""

import asyncio
import base64
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from support.head_grid import GridOnPage
from support.one_step_away import DETAILS, is_of_composer
from support.streamlit_client import Session
from support.streamlit_page import Node


class Loop:
    """An event loop on a thread of its own, so that a test is written as what happens in turn."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert threading.current_thread() is not self._thread, "It would wait for itself."
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class SessionPage:
    """One tab on the dashboard, at `server`'s address until `visit` says another.

    `cookie` is what its browser brings along; none: one that keeps no cookies.
    """

    def __init__(self, loop: Loop, server: str, cookie: str = "") -> None:
        self._loop, self._server, self._cookie = loop, server, cookie
        self._session: Session | None = None
        self._settles = True
        self._grid = GridOnPage()

    @property
    def session(self) -> Session:
        assert self._session is not None, "no address was visited yet"
        return self._session

    # Where it is

    def visit(self, address: str) -> None:
        """To an address, as by a link from outside: a new session."""
        self.visit_in_haste(address)
        self.settle()

    def visit_in_haste(self, address: str) -> None:
        """To an address, and wait for nothing that computes there."""
        self.leave()
        path, query = urlsplit(address).path.strip("/"), urlsplit(address).query
        base = urlsplit(self._server).path.strip("/")
        page = path.removeprefix(base).strip("/")
        server = address.partition("?")[0].rstrip("/").removesuffix(page).rstrip("/")
        self._session = Session(server, page, query, cookie=self._cookie)
        self._grid = GridOnPage()
        self._loop.run(self._session.__aenter__())

    def open(self) -> None:
        """On the example."""
        self.visit(self._server)

    def leave(self) -> None:
        """Close the tab."""
        if self._session is not None:
            self._loop.run(self._session.__aexit__())
        self._session = None

    def go(self, title: str) -> None:
        """To another page by its link, in the same session."""
        self._do(self.session.go(title))

    def go_back(self, title: str, query: str, late: str) -> None:
        """To a page by Back; `late` is what words of the page that is left make of the address."""
        self._do(self.session.go_back(title, query, late))

    def query(self) -> str:
        """What the address bar has from the question mark on."""
        query = self.session.query_string
        return f"?{query}" if query else ""

    def wait_query(self, part: str) -> None:
        """Until the address has `part` after its question mark."""
        self._until(lambda: part in self.query(), self.query)

    def wait_address(self, params: Mapping[str, Sequence[str]]) -> None:
        """Until the address has just these parameters."""
        wanted = sorted((name, text) for name, texts in params.items() for text in texts)
        self._until(
            lambda: sorted(parse_qsl(self.session.query_string, keep_blank_values=True)) == wanted
        )

    # What is done

    def type(self, key: str, text: str) -> None:
        """Into a text box or area, and leave it."""
        self.reach(key)
        self._do(self.session.set(key, text))

    def type_prompt(self, text: str) -> None:
        self.type("prompt", text)

    def fill(self, key: str, text: str) -> None:
        """Type into a box of a form: its button sends what stands there."""
        self._loop.run(self.session.fill(key, text))

    def choose(self, key: str, label: str) -> None:
        """One of a row of choices."""
        self.reach(key)
        self._do(self.session.choose(key, label))

    def choose_model(self, name: str) -> None:
        self.type("model", name)

    def choose_file(self, key: str, name: str, content: bytes) -> None:
        """In the file box whose key begins so."""
        self._do(self.session.give(self.whole_key(key), name, content))

    def toggle(self, key: str, index: int) -> None:
        """Press one of a row of which several can be chosen, or let it go."""
        self.reach(key)
        self._do(self.session.toggle(key, index))

    def switch(self, key: str, on: bool = True) -> None:
        self.reach(key)
        self._do(self.session.switch(key, on))

    def press(self, key: str) -> None:
        """Press a button, and wait for nothing of what that begins."""
        self.reach(key)
        self._loop.run(self.session.press(key))

    def click_button(self, key: str) -> None:
        self.reach(key)
        self._do(self.session.press(key))

    def run(self) -> None:
        self.click_button("run")
        self.wait_gone("situation")

    def click_cell(self, layer: int, head: int) -> None:
        """The heatmap's cell."""
        told = self._grid.choose(self.session.page.grid(), (layer, head))
        if told is not None:
            self._do(self.session.tell("head_grid", told))

    def click_head(self, key: str, layer: int, head: int) -> None:
        """The point of a head in the figure whose key begins so."""
        node = self._chart(key)
        for curve, trace in enumerate(self.figure(key)["data"]):
            for point, given in enumerate(trace.get("customdata") or []):
                if list(given[:2]) == [layer, head]:
                    place = {"curve_number": curve, "point_index": point, "customdata": given}
                    self._do(self.session.select(node.key, [place]))
                    return
        raise LookupError(f"{key!r} has no point of L{layer}H{head}.")

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """What is done within waits for no computation: one is held, or is to be seen under way."""
        self._settles = False
        try:
            yield
        finally:
            self._settles = True

    def reach(self, key: str) -> None:
        """Take the step to something that is not on the page: open the composer, or a detail."""
        page = self.session.page
        if any(node.key.startswith(key) for node in page.nodes.values()):
            return
        part = DETAILS.get(key)
        if part is not None and self.shows("detail") and page.chosen("detail") != [part]:
            self.choose("detail", part)
        elif is_of_composer(key) and self.shows("edit"):
            self.click_button("edit")

    # What is waited for

    def settle(self) -> None:
        """Until the script has run and nothing computes."""
        self._loop.run(self.session.settled())

    def until(self, done: Callable[[], bool]) -> None:
        """Until `done()`, which waits for nothing itself, whatever still computes."""
        self._until(done)

    def wait_live(self) -> None:
        """Until the embedded model is loaded, so that what is typed is tokenised."""
        self._until(lambda: "which is still being loaded" not in self.everything())
        self.settle()

    def wait_shown(self, key: str) -> None:
        """Until something with that key is on the page."""
        self.reach(key)
        self._until(lambda: self.shows(key))

    def wait_gone(self, key: str) -> None:
        """Until a container is empty or out of the page."""
        text = self.session.text
        self._until(lambda: not text(key), lambda: text(key))

    def wait_text(self, key: str, part: str) -> None:
        self.reach(key)
        text = self.session.text
        self._until(lambda: part in text(key), lambda: text(key))

    def wait_value(self, key: str, value: str) -> None:
        """Until a text box holds `value`."""
        self.reach(key)
        self._until(lambda: self._typed(key) == value, lambda: self._typed(key))

    def wait_error(self, part: str) -> None:
        self._until(lambda: part in self.errors(), self.errors)

    def wait_banner(self, part: str) -> None:
        self._until(lambda: part in self.banners(), self.banners)

    def wait_heatmap(self) -> None:
        self._until(self._has_grid)

    # What is seen

    def shows(self, key: str) -> bool:
        """Whether something with that key is on the page."""
        return self.session.shows(key)

    def text(self, key: str) -> str:
        """The words in a container, white space collapsed."""
        self.reach(key)
        return self.session.text(key)

    def everything(self) -> str:
        """All words of the page."""
        return " ".join(node.words for node in self.session.page.nodes.values())

    def errors(self) -> str:
        """The messages beneath the fields."""
        return " ".join(self.session.errors())

    def banners(self) -> str:
        """What the page says above everything else."""
        return " ".join(self.session.page.of_class("hs-banner"))

    def html(self) -> str:
        """All markup of the page, as the browser gets it."""
        nodes = self.session.page.nodes.values()
        return "\n".join(node.content.html.body for node in nodes if node.kind == "html")

    def markdown(self) -> str:
        """What the page is to read as Markdown: its labels, and its texts that are no HTML."""
        nodes = self.session.page.nodes.values()
        return "\n".join(node.words for node in nodes if node.kind != "html")

    def elements(self, name: str, but: str = "") -> list[str]:
        """The words of each element with that class of our own style sheet, and without `but`."""
        return self.session.page.elements(name, but)

    def rows(self, key: str) -> list[tuple[Any, ...]]:
        """The rows of the table in a container, or of the table with that key."""
        self.reach(key)
        return self.session.page.rows(key)

    def typed(self, key: str) -> str:
        """What stands in a box, or is chosen in a list; a number in its shortest form."""
        self.reach(key)
        return self._typed(key)

    def _typed(self, key: str) -> str:
        value = self.session.page.values[self.session.page.widget(key).id]
        return f"{value.double_value:g}" if value.HasField("double_value") else value.string_value

    def pressed(self, key: str) -> list[str]:
        """The chosen ones of a row of choices."""
        self.reach(key)
        return self.session.page.chosen(key)

    def options(self, key: str) -> list[str]:
        """What a list offers."""
        self.reach(key)
        return list(self.session.page.widget(key).content.selectbox.options)

    def is_disabled(self, key: str) -> bool:
        """Whether a button or a box cannot be used now."""
        self.reach(key)
        widget = self.session.page.widget(key)
        return bool(getattr(widget.content, widget.kind).disabled)

    def whole_key(self, begun: str) -> str:
        """The key that begins so: some go on with a number of clicks."""
        self.reach(begun)
        keys = (node.key for node in self.session.page.nodes.values())
        return next(key for key in keys if key.startswith(begun))

    # Figures

    def z(self) -> list[list[float]]:
        """The heatmap's values, layer by layer; NaN where a cell is empty."""
        self.wait_heatmap()
        return self.session.heatmap().tolist()

    def grid(self) -> dict[str, Any]:
        """The heatmap's data, as its script gets it."""
        if not self._has_grid():
            self.wait_heatmap()
        return self._grid.take(self.session.page.grid())

    def cell(self, layer: int, head: int) -> dict[str, Any]:
        """A cell of the heatmap."""
        grid = self.grid()
        found = grid["cells"][layer * grid["shape"][1] + head]
        assert isinstance(found, dict)
        return found

    def outlined(self) -> list[str]:
        """The outlines on the heatmap."""
        self.grid()
        return [] if self._grid.selected is None else [f"selected {self._grid.selected}"]

    def figure(self, key: str) -> dict[str, Any]:
        """The figure whose key begins with `key`, as Plotly's JSON with its arrays read."""
        found = plain(json.loads(self._chart(key).content.plotly_chart.spec))
        assert isinstance(found, dict)
        return found

    def values_of(self, key: str, nth: int = 0) -> list[list[float | None]]:
        """The values of a figure's last heatmap but `nth`: hairlines lie beneath it."""
        traces = self.figure(key)["data"]
        return [t["z"] for t in traces if t["type"] == "heatmap" and t.get("coloraxis")][nth]

    def points_of(self, key: str) -> tuple[list[float], list[float]]:
        """x and y of a figure's first trace."""
        first = self.figure(key)["data"][0]
        return first["x"], first["y"]

    def n_charts(self, key: str) -> int:
        """How many figures are in a container."""
        return len(self._charts(key))

    # How it is done

    def _has_grid(self) -> bool:
        return any(n.kind == "bidi_component" for n in self.session.page.within("heatmap"))

    def _charts(self, key: str) -> list[Node]:
        inside = [node for node in self.session.page.within(key) if node.kind == "plotly_chart"]
        named = [
            node
            for node in self.session.page.nodes.values()
            if node.kind == "plotly_chart" and node.key.startswith(key)
        ]
        return inside or named

    def _chart(self, key: str) -> Node:
        self.reach(key)
        if not self._charts(key):
            self._until(lambda: self._charts(key) != [])
        return self._charts(key)[0]

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.run(work)
        if self._settles:
            self.settle()
        else:
            self._loop.run(self.session.at_rest())

    def _until(self, done: Callable[[], bool], seen: Callable[[], str] = str) -> None:
        try:
            self._loop.run(self.session.until(done))
        except TimeoutError:
            raise AssertionError(
                f"It never came. What was there: {seen()!r}. On the page: {self.everything()!r}"
            ) from None


def plain(value: Any) -> Any:
    """A figure's JSON with lists for Plotly's base64 arrays; None for NaN, as in the browser."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) >= {"dtype", "bdata"}:
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        shape = [int(n) for n in re.findall(r"\d+", str(value.get("shape", "")))]
        found = flat.reshape(shape) if shape else flat
        if found.dtype.kind == "f":
            found = np.where(np.isnan(found), None, found)
        return found.tolist()
    return {name: plain(each) for name, each in value.items()}
