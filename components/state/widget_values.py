"""A widget takes only such values as its own page could have sent.

A client says of each widget's value itself of which type it is, and nothing obliges it to send the
widget's own. Streamlit (1.67) hands whatever comes to the widget, where one of a wrong type fails
in the middle of a page's script, before anything is drawn, with a traceback in the log. A value
that its widget cannot read counts as not sent: the widget keeps the one that it has.
"""

import re
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import (
    WidgetMetadata,
    unpack_widget_state_value,
)
from streamlit.runtime.state.session_state import Serialized, SessionState

_OWN = r"\$\$ID-[^-]{1,100}-.{1,1000}"
_ID = re.compile(rf"{_OWN}|\$\$STREAMLIT_INTERNAL_KEY_{_OWN}__events", re.DOTALL)
"""With the widget's key in it, which may have a run's id or a head's name; and what a component of
the page tells, under the component's id."""
NUMBERS = {"int_value", "double_value"}
"""A box for numbers sends either, as its step is whole or not."""

_take = SessionState.set_widgets_from_proto
_register = SessionState.register_widget


def take_only_own_values() -> None:
    """From now on, no session takes a value that its widget cannot read."""
    SessionState.set_widgets_from_proto = _take_own  # type: ignore[method-assign,assignment]
    SessionState.register_widget = _register_own  # type: ignore[method-assign,assignment]


def is_widget(identity: str) -> bool:
    """Whether an id is one of a widget's, be it on the page or not: others upset the session."""
    return _ID.fullmatch(identity) is not None


def fits(metadata: WidgetMetadata[Any], state: WidgetState) -> bool:
    """Whether a value is of its widget's type, one of its choices, and one that it can read.

    No value always is: the widget is empty then.
    """
    kind = state.WhichOneof("value")
    if kind is None:
        return True
    if kind != metadata.value_type and not {kind, metadata.value_type} <= NUMBERS:
        return False
    options = metadata.formatted_options
    if kind == "string_value" and options is not None and state.string_value not in options:
        return False
    try:
        metadata.deserializer(unpack_widget_state_value(state))
    except Exception:  # whatever a widget makes of what somebody has made up
        return False
    return True


def _take_own(session: SessionState, given: WidgetStates, *others: Any, **named: Any) -> None:
    """Take the values that have a widget's id and, where that widget was drawn before, fit it."""
    known = _known(session)
    own = [
        each
        for each in given.widgets
        if is_widget(each.id) and (each.id not in known or fits(known[each.id], each))
    ]
    if len(own) < len(given.widgets):
        given = WidgetStates(widgets=own)
    _take(session, given, *others, **named)


def _register_own(
    session: SessionState, metadata: WidgetMetadata[Any], *others: Any, **named: Any
) -> Any:
    """Draw a widget, perhaps a new one: a value that came for it before may not fit it."""
    try:
        states = session._new_widget_state.states
    except AttributeError:  # a Streamlit that keeps them elsewhere: as it does by itself
        states = {}
    came = states.get(metadata.id)
    if isinstance(came, Serialized) and not fits(metadata, came.value):
        del states[metadata.id]
    return _register(session, metadata, *others, **named)


def _known(session: SessionState) -> dict[str, WidgetMetadata[Any]]:
    """The widgets of a session's last run by their ids; none where they are kept elsewhere."""
    try:
        return session._new_widget_state.widget_metadata
    except AttributeError:
        return {}
