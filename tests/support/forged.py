"""What no page of ours sends: forged by whoever speaks the websocket's protocol.

A widget's value comes under the widget's id, and says itself of which type it is. Nothing obliges
a client to send the type that the widget has, one of its choices, or the id of a widget that there
is; nor to send messages that are any.
"""

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from support.hostile import SCRIPT

LONG = 300_000
"""Characters of a long text: well below what a message may have."""
TEXTS = ("", "\x00\ud7ff\ufffe", SCRIPT, "../../etc/passwd", "9" * 400, "[" * 5_000, "x" * LONG)
NUMBERS = (float("nan"), float("inf"), -1e308, 1e308, -1.0, 0.5)
WHOLE = (-(2**63), 2**63 - 1, -1, 10**6)
CHOICES: tuple[Sequence[str], ...] = (
    (), ("no such choice",), (SCRIPT,) * 3, [str(n) for n in range(5_000)],
)  # fmt: skip
JSON = (
    "", "null", "0", "[]", "{}", "[" * 50_000, '"', "NaN", '{"a":' * 5_000, '{"selection": null}',
    '{"selection": []}', '{"selection": {}}', '{"selection": "points"}', '{"__proto__": 1}',
)  # fmt: skip
POINTS = (
    [None], ["x"], [{}], [{"customdata": None}], [{"customdata": []}], [{"customdata": "L0H0"}],
    [{"customdata": [0]}], [{"customdata": [10**30, -1]}], [{"customdata": [-1, -1]}],
    [{"customdata": [0.5, 1.5]}], [{"customdata": ["0", "0"]}], [{"customdata": [None, None]}],
    [{"customdata": [[0, 0], {}]}], [{"customdata": {"layer": 0}}], [{"customdata": [99, 99]}],
    [{"customdata": [True, False, 1e308]}], {}, "points", None, 7,
)  # fmt: skip
ROWS = ([-1], [10**9], ["x"], [None], [1.5], [[0]], "0", {}, None, list(range(5_000)))

TOLD = (
    None, 7, "x", [], {}, {"head": [0, 1]}, {"turn": 1}, {"head": [0, 1], "turn": "1"},
    {"head": [0, 1], "turn": -1}, {"head": [0, 1], "turn": True}, {"head": "L0H1", "turn": 1},
    {"head": [0], "turn": 1}, {"head": [0, 1, 2], "turn": 1}, {"head": [10**30, -1], "turn": 1},
    {"head": [0.5, 1.5], "turn": 1}, {"head": [True, False], "turn": 1}, {"head": {}, "turn": 1},
    {"head": [None, None], "turn": 1}, {"head": None, "turn": 10**400},
)  # fmt: skip
"""What the heatmap's grid never tells."""


def forged(identity: str) -> Iterator[tuple[str, WidgetState]]:
    """(what it is, the state) of every kind of value that a client may send under an id."""
    yield "nothing", WidgetState(id=identity)
    for flag in (True, False):
        yield f"bool {flag}", WidgetState(id=identity, bool_value=flag)
        yield f"trigger {flag}", WidgetState(id=identity, trigger_value=flag)
    for number in NUMBERS:
        yield f"double {number}", WidgetState(id=identity, double_value=number)
    for whole in WHOLE:
        yield f"int {whole}", WidgetState(id=identity, int_value=whole)
    for text in TEXTS:
        yield f"string {text[:12]!r}", WidgetState(id=identity, string_value=text)
    yield from _arrays(identity)
    for text in JSON:
        yield f"json {text[:24]}", WidgetState(id=identity, json_value=text)
        yield f"json trigger {text[:24]}", WidgetState(id=identity, json_trigger_value=text)
        yield f"string {text[:24]}", WidgetState(id=identity, string_value=text)
    for told in TOLD:
        event = json.dumps([{"event": "opened", "value": told}, {"event": []}, 3])
        yield f"event {event[:80]}", WidgetState(id=identity, json_trigger_value=event)
    for selection in _selections():
        yield f"selection {selection[:80]}", WidgetState(id=identity, string_value=selection)
    yield "bytes", WidgetState(id=identity, bytes_value=b"\x80\x05]q\x00.")
    yield from _messages(identity)


def _arrays(identity: str) -> Iterator[tuple[str, WidgetState]]:
    for numbers in ((), NUMBERS):
        state = WidgetState(id=identity)
        state.double_array_value.data.extend(numbers)
        state.double_array_value.SetInParent()
        yield f"doubles {len(numbers)}", state
    for whole in ((), (-1,), (10**6, 0, 0), WHOLE):
        state = WidgetState(id=identity)
        state.int_array_value.data.extend(whole)
        state.int_array_value.SetInParent()
        yield f"ints {whole}", state
    for choices in CHOICES:
        state = WidgetState(id=identity)
        state.string_array_value.data.extend(choices)
        state.string_array_value.SetInParent()
        yield f"strings {len(choices)} {choices[:1]}", state


def _selections() -> Iterator[str]:
    """Of a figure or a table, each part of it in every wrong form."""
    for points in POINTS:
        yield json.dumps({"selection": {"points": points, "point_indices": [], "box": [{}]}})
    for rows in ROWS:
        yield json.dumps({"selection": {"rows": rows, "columns": rows, "cells": rows}})


def _messages(identity: str) -> Iterator[tuple[str, WidgetState]]:
    """Values that are messages themselves: a table, a message of a chat, files that nobody sent."""
    table = WidgetState(id=identity)
    table.arrow_value.data = b"ARROW1\x00\x00"
    yield "table", table
    said = WidgetState(id=identity)
    said.chat_input_value.data = SCRIPT
    yield "chat", said
    trigger = WidgetState(id=identity)
    trigger.string_trigger_value.data = SCRIPT
    yield "string trigger", trigger
    for name in ("../../etc/passwd", "", "x.json" * 500, SCRIPT):
        for file_id in ("", "no-such-file", "../x", "0" * 10_000):
            files = WidgetState(id=identity)
            files.file_uploader_state_value.uploaded_file_info.add(
                file_id=file_id, name=name, size=2**62
            )
            yield f"file {name[:8]!r} {file_id[:8]!r}", files
    many = WidgetState(id=identity)
    for number in range(2_000):
        many.file_uploader_state_value.uploaded_file_info.add(file_id=str(number), size=2**64 - 1)
    yield "many files", many


def unknown() -> Iterator[WidgetState]:
    """Values for widgets that no page has."""
    for identity in ("", "prompt", "$$ID", "$$ID-0-prompt", "$$STREAMLIT_INTERNAL_KEY", "x" * LONG):
        yield WidgetState(id=identity, string_value=SCRIPT)


def for_widgets(identities: Iterable[str], drawn: random.Random) -> Iterator[WidgetState]:
    """One forged value for each of these widgets, and some for widgets that there are not.

    A button that is pressed is no forgery: that is left out.
    """
    every = [state for _, state in forged("") if not state.trigger_value]
    drawn.shuffle(every)
    for identity, kind in zip(identities, itertools.cycle(every), strict=False):
        state = WidgetState()
        state.CopyFrom(kind)
        state.id = identity
        yield state
    yield from unknown()


def messages(session: str) -> Iterator[bytes | str]:
    """Messages to the server that no page sends, or that are none; `session` is the client's id."""
    yield from ("", "text", b"", b"\xff" * 100_000, b"\x0a", run(query_string="prompt=a")[:-3])
    for flag in (
        "clear_cache", "set_run_on_save", "load_git_info", "debug_disconnect_websocket",
        "debug_shutdown_runtime", "stop_script", "app_heartbeat",
    ):  # fmt: skip
        yield BackMsg(**{flag: True}).SerializeToString()
    for names in (["x"] * 10_000, ["../../etc/passwd"], ["x" * LONG]):
        asked = BackMsg()
        asked.file_urls_request.file_names.extend(names)
        yield asked.SerializeToString()
    for operation in ("install_skills", "dismiss_skills_nudge", "deferred_file", "dataframe_chunk"):
        for owner in (session, "somebody-else"):
            asked = BackMsg()
            asked.backend_operation_request.session_id = owner
            getattr(asked.backend_operation_request, operation).SetInParent()
            yield asked.SerializeToString()
    for name in ("page_script_hash", "page_name", "fragment_id", "query_string"):
        for text in ("no-such", "../../etc/passwd", SCRIPT, "x" * LONG):
            yield run(**{name: text})
    for flag in ("is_auto_rerun", "is_history_navigation"):
        yield run(**{flag: True}, fragment_id="no-such")
    yield run(cached_message_hashes=["x"] * 10_000)
    context = {"timezone": "../x", "locale": "x" * 1_000, "url": "javascript:alert(1)"}
    yield run(context_info=context)


def run(**given: object) -> bytes:
    """A message that asks for a run of the page's script."""
    return BackMsg(rerun_script=given).SerializeToString()
