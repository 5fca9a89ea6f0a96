"""What Streamlit's server has drawn, kept as its own page keeps it: elements, containers, values.

What it relies on, of Streamlit 1.67:

- A delta puts an element or a container at a path. A container that is sent again keeps what it
  holds, unless it is of another type.
- After a full run everything older than it goes; after a fragment's run, what is older of that
  fragment.
- The id of a widget or container ends in the key it has in the script: `$$ID-<hash>-<key>`.
- A widget's value is its default until the server (`set_value`) or the user sets it.
"""

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.proto.WidgetStates_pb2 import WidgetState
from support.elements import elements
from support.terms import without_marks

Path = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """An element or a container, by which run and in which fragment it was sent."""

    content: Any
    is_container: bool
    run: str
    fragment: str

    @property
    def kind(self) -> str:
        return str(self.content.WhichOneof("type"))

    @property
    def id(self) -> str:
        of = self.content if self.is_container else getattr(self.content, self.kind)
        return str(getattr(of, "id", ""))

    @property
    def key(self) -> str:
        """The key it has in the script; "" where it has none."""
        parts = self.id.split("-", 2)
        return parts[2] if len(parts) == 3 and parts[2] != "None" else ""

    @property
    def value(self) -> WidgetState | None:
        """The value that the server gives it; None for what is no widget that holds one."""
        told, kind = (None if self.is_container else getattr(self.content, self.kind)), self.kind
        if told is None or not hasattr(told, "set_value"):
            return None
        if kind in ("text_input", "text_area", "checkbox"):
            return state_of(self.id, told.value if told.set_value else told.default)
        if kind == "selectbox":
            first = told.options[told.default] if told.HasField("default") else None
            given = told.raw_value if told.HasField("raw_value") else None
            return state_of(self.id, given if told.set_value else first)
        if kind == "button_group":
            first = [told.options[index].content for index in told.default]
            return state_of(self.id, list(told.raw_values) if told.set_value else first)
        if kind == "number_input":
            name = "value" if told.set_value else "default"
            return state_of(self.id, getattr(told, name) if told.HasField(name) else None)
        return None

    @property
    def words(self) -> str:
        """What it says, its labels included."""
        if self.kind == "html":
            return _plain(self.content.html.body)
        if self.kind in ("markdown", "text"):
            return str(getattr(self.content, self.kind).body)
        if self.kind == "progress":
            return re.sub(r"\\([^\w\s])", r"\1", self.content.progress.text)  # it is Markdown
        told = getattr(self.content, self.kind)
        options = [each.content for each in told.options] if self.kind == "button_group" else []
        return " ".join([str(getattr(told, "label", "")), *options])


@dataclass
class Page:
    """Everything on one tab's page by its path, and its widgets' values by their ids."""

    nodes: dict[Path, Node] = field(default_factory=dict)
    values: dict[str, WidgetState] = field(default_factory=dict)

    def draw(self, delta: Any, path: Path, run: str) -> Node | None:
        """Take over what a run has sent; returns it. None for what does not stay."""
        kind = delta.WhichOneof("type")
        if kind == "new_transient":
            return None
        is_container = kind == "add_block"
        content = delta.add_block if is_container else delta.new_element
        node = Node(content, is_container, run, delta.fragment_id)
        before = self.nodes.get(path)
        if before is not None and not (is_container and before.kind == node.kind):
            self._remove(each for each in self.nodes if each[: len(path)] == path)
        self.nodes[path] = node
        value = node.value
        if value is not None:
            by_server = getattr(content, node.kind).set_value
            if by_server or node.id not in self.values:
                self.values[node.id] = value
        return node

    def finish(self, run: str, fragments: Iterable[str]) -> None:
        """A run, of some fragments or (none) of the whole script, is over: what is older goes."""
        only = set(fragments)
        self._remove(
            path
            for path, node in self.nodes.items()
            if node.run != run and (not only or node.fragment in only)
        )
        present = {node.id for node in self.nodes.values()}
        self.values = {id_: value for id_, value in self.values.items() if id_ in present}

    def find(self, key: str) -> Path | None:
        """Where the widget or container with that key is."""
        return next((path for path, node in self.nodes.items() if node.key == key), None)

    def widget(self, key: str) -> Node:
        """The widget with that key; raises `LookupError` where there is none."""
        at = self.find(key)
        if at is None:
            raise LookupError(f"The page has no widget {key!r} now.")
        return self.nodes[at]

    def within(self, key: str) -> list[Node]:
        """A container and everything in it, from its top."""
        at = self.find(key)
        found = [] if at is None else [path for path in self.nodes if path[: len(at)] == at]
        return [self.nodes[path] for path in sorted(found)]

    def text(self, key: str) -> str:
        """The words in a container, white space collapsed."""
        return re.sub(r"\s+", " ", " ".join(node.words for node in self.within(key))).strip()

    def errors(self) -> list[str]:
        """The messages beneath the fields."""
        return self.of_class("hs-error")

    def of_class(self, name: str) -> list[str]:
        """The words of what has a class of our own style sheet."""
        bodies = [node.content.html.body for node in self.nodes.values() if node.kind == "html"]
        return [_plain(body) for body in bodies if re.search(rf'class="[^"]*\b{name}\b', body)]

    def elements(self, name: str, but: str = "") -> list[str]:
        """The words of each element with that class, and without the class `but`."""
        in_order = [self.nodes[path] for path in sorted(self.nodes)]
        bodies = [node.content.html.body for node in in_order if node.kind == "html"]
        return elements("\n".join(bodies), name, but)

    def chosen(self, key: str) -> list[str]:
        """The chosen ones of a row of choices."""
        return list(self.values[self.widget(key).id].string_array_value.data)

    def grid(self) -> Node:
        """The heatmap's grid; raises `LookupError` where there is none."""
        found = next((n for n in self.within("heatmap") if n.kind == "bidi_component"), None)
        if found is None:
            raise LookupError("The page has no heatmap now.")
        return found

    def heatmap(self) -> np.ndarray:
        """(layer, head) of the heatmap, in the unit of the metric; NaN where a cell is empty."""
        data = json.loads(self.grid().content.bidi_component.json)
        return np.array([cell["value"] for cell in data["cells"]], float).reshape(data["shape"])

    def rows(self, key: str) -> list[tuple[Any, ...]]:
        """The rows of the table in a container, or of the table with that key."""
        table = next(node for node in self.within(key) if node.kind == "dataframe")
        data = table.content.dataframe.arrow_data.data
        return list(convert_arrow_bytes_to_pandas_df(data).itertuples(index=False, name=None))

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in list(paths):
            del self.nodes[path]


def state_of(identity: str, value: bool | str | list[str] | float | None) -> WidgetState:
    """A widget's value as the protocol has it; None: of an empty box."""
    state = WidgetState(id=identity)
    if value is None:
        return state
    if isinstance(value, bool):
        state.bool_value = value
    elif isinstance(value, float):
        state.double_value = value
    elif isinstance(value, str):
        state.string_value = value
    else:
        state.string_array_value.data.extend(value)
        state.string_array_value.SetInParent()  # no choice is a choice too
    return state


def _plain(markup: str) -> str:
    """The text of some HTML, its spaces plain ones, without its style sheets and scripts."""
    bare = re.sub(r"<(style|script)>.*?</\1>", " ", markup, flags=re.DOTALL)
    return (
        html.unescape(re.sub(r"<[^>]*>", " ", without_marks(bare))).replace("\u00a0", " ").strip()
    )


def _array(values: Any) -> np.ndarray:
    """A trace's numbers: rows in JSON, or in Plotly's base64; NaN where there is none."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        return flat.reshape([int(n) for n in str(values["shape"]).split(",")]).astype(float)
    return np.array(values, dtype=float)
