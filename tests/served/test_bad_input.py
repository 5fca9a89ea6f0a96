"""Bad input: a message where it was entered, everything typed still there, nothing rendered."""

import shutil

import pytest
from markupsafe import escape
from support.hostile import IMAGE, MARKUP


@pytest.mark.parametrize("blank", ["", "   ", "\n\n"])
def test_an_empty_or_blank_prompt(live, blank):
    live.type_prompt(blank)
    live.wait_error("The prompt is")
    assert live.is_disabled("run")
    assert live.z(), "the last result stays"


@pytest.mark.parametrize("blank", ["", "   "])
def test_an_empty_or_blank_target(live, blank):
    live.type("target", blank)
    live.wait_error("The target is")
    assert live.is_disabled("run")


def test_100_000_characters(live):
    live.type_prompt("word " * 20_000)
    live.wait_error("100,000 characters")
    assert len(live.typed("prompt")) == 100_000


def test_longer_than_the_context(live):
    live.type_prompt("the " * 400)
    live.wait_error("reads at most")
    assert live.is_disabled("run")


def test_a_target_of_several_tokens_says_so_and_is_swept_whole(live):
    live.type("target", " jumps over the")
    assert "the target is 3 tokens" in live.text("composer")
    live.run()
    live.wait_text("baseline", "token by token")


@pytest.mark.parametrize("text", ["😀 مرحبا שלום", "a\u200fb \u202etxet", "null \x00 byte"])
def test_any_unicode_is_swept_and_shown_as_tokens(live, text):
    live.type_prompt(text)
    live.run()
    assert live.errors() == ""


def test_special_token_text_is_parsed_and_flagged(live):
    live.type_prompt("one <|endoftext|> two")
    assert "1 special token in the prompt" in live.text("composer")


def test_html_markdown_and_math_are_shown_as_typed(live):
    live.type_prompt(MARKUP)
    live.type("target", "<b>")
    live.type("foil", "$x$")
    live.run()
    live.click_cell(0, 0)
    live.wait_text("head_detail", "L0H0 ablated")

    strip = "".join(live.elements("hs-tok", but="target"))
    assert "<img␣src=x␣onerror=alert(1)>␣**bold**␣$x^2$" in strip
    live.click_button("clear_head")
    assert "<b>" in live.text("baseline")
    assert IMAGE not in live.html()
    assert IMAGE.replace(" ", "␣") not in live.html()


def test_hostile_text_in_the_banner_is_shown_as_typed(live):
    live.type_prompt(MARKUP)
    live.run()
    live.type_prompt("something else")
    live.wait_text("situation", "**bold**")
    assert escape(IMAGE) in live.html()
    assert IMAGE not in live.html()


def test_foil_equal_to_target(live):
    live.type("foil", " jumps")
    live.wait_error("The foil is the same as the target")
    assert live.is_disabled("run")


def test_an_unknown_model_leaves_the_previous_one_in_use(live):
    before = live.z()
    live.choose_model("./no-such-folder")
    live.wait_error("There is no folder './no-such-folder'")
    assert live.z() == before
    live.click_button("previous_model")
    assert live.errors() == ""
    assert not live.is_disabled("run")


def test_a_folder_that_is_no_model(live, tmp_path):
    live.choose_model(str(tmp_path))
    live.wait_error("no config.json")


def test_a_folder_with_truncated_weights(live, tmp_path, checkpoint):
    folder = tmp_path / "truncated"
    shutil.copytree(checkpoint("gpt2"), folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    live.choose_model(str(folder))
    live.wait_error("damaged or cut off")
