"""Bad input: a message where it was entered, everything typed still there."""

import pytest


@pytest.mark.parametrize("blank", ["", "   ", "\n\n"])
def test_an_empty_or_blank_prompt(live, blank):
    live.type_prompt(blank)
    live.wait_error("The prompt is")
    assert live.is_disabled("run")
    assert live.z(), "the last result stays"
