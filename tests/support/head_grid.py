"""The heatmap's grid where no browser draws it: what its script gets, and what it answers."""

import json
from dataclasses import dataclass
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from support.streamlit_page import Node

EVENTS = "$$STREAMLIT_INTERNAL_KEY_{}__events"
"""The widget to which Streamlit 1.67 tells the events of a component, by the component's id."""


@dataclass
class GridOnPage:
    """What the script keeps: the selected head, and the number of the last choice made here."""

    turn: int = -1
    selected: str | None = None

    def take(self, node: Node) -> dict[str, Any]:
        """The data of the grid as it was sent last; what is older than a choice made here is not
        taken over."""
        data: dict[str, Any] = json.loads(node.content.bidi_component.json)
        if data["turn"] >= self.turn:
            self.turn, self.selected = data["turn"], data["selected"]
        return data

    def choose(self, node: Node, head: tuple[int, int] | None) -> WidgetState | None:
        """What a click on a cell sends; None where it sends nothing."""
        data = self.take(node)
        if head is not None:
            layer, at = head
            label = f"L{layer}H{at}"
            cell = data["cells"][layer * data["shape"][1] + at]
            if label == self.selected or cell["value"] is None:
                return None
        self.turn += 1
        self.selected = None if head is None else label
        told = {"head": None if head is None else list(head), "turn": self.turn}
        event = json.dumps([{"event": "opened", "value": told}])
        return WidgetState(id=EVENTS.format(node.id), json_trigger_value=event)
