"""A value that its widget cannot read counts as not sent, in a real session's state."""

from dataclasses import replace

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState
from support.forged import forged, unknown
from support.head_grid import EVENTS

from components.state import widget_values
from components.state.widget_values import is_widget

ID = "$$ID-0-box"


@pytest.fixture(autouse=True)
def only_own(monkeypatch):
    for name in ("set_widgets_from_proto", "register_widget"):
        monkeypatch.setattr(SessionState, name, getattr(SessionState, name))
    widget_values.take_only_own_values()


def box(value_type="string_value", read=lambda text: "default" if text is None else text.strip()):
    return WidgetMetadata(ID, read, lambda value: value, value_type=value_type)


def sent(session, *states):
    session.on_script_will_rerun(WidgetStates(widgets=states))


def test_of_every_kind_of_value_a_box_takes_its_own_alone():
    session = SessionState()
    session.register_widget(box(), None)
    for what, state in forged(ID):
        session.register_widget(box(), None)
        sent(session, WidgetState(id=ID, string_value=" typed "))
        assert session[ID] == "typed"
        sent(session, state)
        given = session.register_widget(box(), None).value
        if state.WhichOneof("value") == "string_value":
            assert given == state.string_value.strip(), what
        elif state.WhichOneof("value") is None:
            assert given == "default"
        else:
            assert given == "typed", what


def test_a_value_that_came_before_its_widget_is_looked_at_when_that_is_drawn():
    session = SessionState()
    sent(session, WidgetState(id=ID, bytes_value=b"x"))
    assert session.register_widget(box(), None).value == "default"
    session = SessionState()
    sent(session, WidgetState(id=ID, string_value=" typed "))
    assert session.register_widget(box(), None).value == "typed"


def test_a_value_of_the_right_type_that_the_widget_cannot_read_is_not_taken():
    session = SessionState()
    choice = box(read=lambda text: {"a": 1, None: 0}[text])
    session.register_widget(choice, None)
    sent(session, WidgetState(id=ID, string_value="a"))
    assert session[ID] == 1
    sent(session, WidgetState(id=ID, string_value="no such choice"))
    assert session.register_widget(choice, None).value == 1


def test_a_box_of_choices_takes_these_alone():
    session = SessionState()
    choices = replace(box(), formatted_options=["a", "b"])
    session.register_widget(choices, None)
    for text, then in (("a", "a"), ("c", "a"), ("b", "b"), ("", "b")):
        sent(session, WidgetState(id=ID, string_value=text))
        assert session.register_widget(choices, None).value == then


def test_a_box_for_numbers_takes_whole_ones_and_others():
    session = SessionState()
    number = box("double_value", read=lambda value: 0.0 if value is None else value)
    session.register_widget(number, None)
    for state in (WidgetState(id=ID, int_value=3), WidgetState(id=ID, double_value=3.5)):
        sent(session, state)
        assert session[ID] == state.int_value + state.double_value


def test_what_has_no_widget_s_id_is_not_taken():
    session = SessionState()
    session.register_widget(box(), None)
    sent(session, *unknown())
    assert session.register_widget(box(), None).value == "default"
    assert set(session) <= {ID, "$$ID-0-prompt"}


def test_what_a_component_tells_comes_under_its_own_id():
    assert is_widget(EVENTS.format("$$ID-0-head_grid"))
    for other in ("", "x", "head_grid", "$$ID-0-"):
        assert not is_widget(EVENTS.format(other))


def test_where_streamlit_keeps_its_values_elsewhere_all_is_as_it_does_it(monkeypatch):
    took = []
    monkeypatch.setattr(widget_values, "_take", lambda *given: took.append(given))
    monkeypatch.setattr(widget_values, "_register", lambda *given: took.append(given))
    session, values = object(), WidgetStates(widgets=[WidgetState(id=ID, bool_value=True)])
    widget_values._take_own(session, values)
    widget_values._register_own(session, box(), None)
    assert [given[0] for given in took] == [session, session]
    assert took[0][1] == values
