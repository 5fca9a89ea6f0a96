"""The composer in a real browser: tokens clicked, prompts built, files given, words shown."""

import math

import pytest

from core import SweepSpec, run_sweep
from core.demo import example
from core.prompts.corruption import random_tokens

IOI = example.TRY[1][1]
HOSTILE = "<script>alert(1)</script> **b** $x^2$ `c` :red[no] 😀 שלום"


def pill(page, key: str, index: int) -> None:
    page.page.locator(f".st-key-{key} button").nth(index).click()
    page.settle()


def type_area(page, key: str, text: str) -> None:
    box = page.page.locator(f".st-key-{key} textarea")
    box.fill(text)
    box.press("Control+Enter")
    page.settle()


def wait_area(page, key: str, text: str) -> None:
    page.page.wait_for_function(
        "([key, text]) => document.querySelector(`.st-key-${key} textarea`)?.value === text",
        arg=[key, text],
    )


def upload(page, name: str, raw: bytes) -> None:
    page.page.locator(".st-key-reference_file input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": raw}
    )


def same_heatmap(page, demo, **fields) -> None:
    """The heatmap on the page against the engine, asked for the same in Python."""
    values = {"prompt": example.SPEC.prompt, "target": example.SPEC.target, **fields}
    expected = run_sweep(demo, SweepSpec(model="demo", **values))
    z = page.z()
    for effect in expected.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)


def test_clicked_tokens_are_where_heads_are_ablated(live, demo):
    live.choose("positions", "chosen")
    live.wait_text("composer", "No position is chosen")
    for index in (4, 5, 14):
        pill(live, "chosen_tokens", index)
    live.wait_value("chosen_positions", "4, 5, 14")
    live.wait_text("in_words", "positions 4, 5 and 14")
    live.run()
    same_heatmap(live, demo, positions=(4, 5, 14))

    pill(live, "chosen_tokens", 5)
    live.wait_value("chosen_positions", "4, 14")


def test_tokens_are_chosen_by_keyboard(live):
    live.choose("positions", "chosen")
    live.page.locator(".st-key-chosen_tokens button").nth(3).focus()
    live.page.keyboard.press("Space")
    live.wait_value("chosen_positions", "3")


def test_the_last_position_alone(live, demo):
    live.choose("ablation", "zero")
    live.choose("positions", "last")
    live.wait_text("in_words", "Zero ablation, the prompt's last position")
    live.run()
    same_heatmap(live, demo, ablation="zero", positions="last")


def test_a_pasted_reference_set_with_blank_lines(live, demo):
    live.choose("ablation", "mean")
    live.wait_text("in_words", "64 reference sentences")
    live.choose("reference_choice", "pasted")
    type_area(live, "reference_text", "One cat.\n\n\nTwo dogs sleep.\n")
    live.wait_text("in_words", "Mean ablation against 2 reference prompts, every position")
    live.run()
    same_heatmap(live, demo, ablation="mean", reference=("One cat.", "Two dogs sleep."))


def test_a_reference_file(live, demo):
    live.choose("ablation", "mean")
    live.choose("reference_choice", "from a file")
    upload(live, "<b>$x$.txt", b"One cat.\n\nTwo dogs sleep.\n")
    live.wait_text("reference", "2 reference prompts from “<b>$x$.txt”")
    live.run()
    same_heatmap(live, demo, ablation="mean", reference=("One cat.", "Two dogs sleep."))

    upload(live, "bad.txt", b"ab\xff")
    live.wait_error("'bad.txt' is not UTF-8 text: byte 3 is 0xFF")
    live.choose("ablation", "zero")
    live.choose("ablation", "mean")
    live.wait_error("'bad.txt' is not UTF-8 text")
    live.click_button("forget_file")
    live.wait_text("reference", "No file is chosen")


def test_the_default_sets_sentences_can_be_read(live):
    live.choose("ablation", "mean")
    live.page.locator(".st-key-reference_look button").first.click()
    live.page.wait_for_selector(".hs-sentences li")
    assert live.page.locator(".hs-sentences li").count() == 64


def test_swapped_names_are_aligned_and_swept(live, demo):
    live.click_button("example-1")
    live.choose("ablation", "resample")
    live.click_button("swap_names")
    live.wait_text("alignment", "3 of 15 tokens differ")
    pairs = live.page.locator(".st-key-alignment .hs-pair")
    assert [" ".join(pairs.nth(i).inner_text().split()) for i in range(3)] == [
        "2 ≠ ␣John ␣Mary",
        "4 ≠ ␣Mary ␣John",
        "10 ≠ ␣John ␣Mary",
    ]
    live.run()
    corrupted = "When Mary and John went to the shops, Mary gave the bag to"
    same_heatmap(
        live,
        demo,
        prompt=IOI.prompt,
        target=IOI.target,
        foil=IOI.foil,
        ablation="resample",
        corrupted_prompt=corrupted,
    )


def test_random_tokens_are_those_of_the_seed_shown(live, demo):
    live.choose("ablation", "resample")
    live.click_button("random_tokens")
    live.wait_text("random_tokens", "seed 0")
    live.click_button("random_tokens")
    live.wait_text("random_tokens", "seed 1")
    expected = random_tokens(demo.tokenizer, example.SPEC.prompt, 1, prepend_bos=True)
    wait_area(live, "corrupted_prompt", expected)


def test_a_token_is_clicked_and_replaced(live):
    live.choose("ablation", "resample")
    live.page.locator(".st-key-replace_token button").first.click()
    live.page.wait_for_selector(".st-key-replace_position button")
    pill(live, "replace_position", 3)  # BOS cannot be replaced, so this is position 4
    live.type("replacement", "a b c")
    live.wait_error("the token at position 4 (' fox') is 1")
    live.type("replacement", " cat")
    live.click_button("replace")
    wait_area(
        live,
        "corrupted_prompt",
        "The quick brown cat jumps over the lazy dog. The quick brown fox",
    )
    live.page.keyboard.press("Escape")
    live.wait_text("alignment", "1 of 15 tokens differs")


def test_a_stale_corrupted_prompt_is_refused_with_both_counts_and_rebuilt(live):
    live.choose("ablation", "resample")
    live.click_button("shuffle_first_copy")
    live.wait_text("alignment", "tokens differ")
    live.type_prompt("The dog saw the cat. The dog saw the")
    live.wait_error("The corrupted prompt has 15 tokens, the prompt has 11")
    live.page.wait_for_selector(".st-key-run button:disabled")
    live.click_button("rebuild")
    live.wait_text("alignment", "of 11 tokens")
    live.page.wait_for_selector(".st-key-run button:enabled")


def test_an_answer_set_is_swept(live, demo):
    live.click_button("example-1")
    live.type("foil", "")
    live.type("target", " Mary| John")
    live.wait_text("token_strip", "their probabilities are added")
    live.run()
    same_heatmap(live, demo, prompt=IOI.prompt, target=(" Mary", " John"))


def test_the_controls_fill_the_fields_and_say_what_they_show(live):
    live.click_button("without_first_copy")
    wait_area(live, "prompt", "The quick brown fox")
    live.wait_text("control", "P(target) was 84.5 % with it")
    live.page.wait_for_selector(".st-key-without_first_copy button:disabled")
    live.click_button("repeated_random")
    live.wait_text("control", "Random words said twice")
    live.run()


def test_typed_text_is_shown_as_typed_in_every_new_place(live):
    live.type_prompt(HOSTILE)
    live.choose("positions", "chosen")
    pill(live, "chosen_tokens", 1)
    live.choose("ablation", "resample")
    live.click_button("copy_prompt")
    live.wait_error("The corrupted prompt is the prompt itself")
    type_area(live, "corrupted_prompt", HOSTILE.replace("1", "2"))
    live.wait_text("in_words", "Resample ablation from “<script>alert(2)</script> **b** $x^2$")
    live.page.locator(".st-key-replace_token button").first.click()
    live.page.wait_for_selector(".st-key-replace_position button")
    live.page.keyboard.press("Escape")
    live.choose("ablation", "mean")
    live.choose("reference_choice", "pasted")
    type_area(live, "reference_text", HOSTILE)
    live.page.locator(".st-key-reference_look button").first.click()
    live.page.wait_for_selector(".hs-sentences li")

    assert live.page.locator(".hs-sentences li").inner_text() == HOSTILE
    assert live.page.locator(".katex, .MathJax").count() == 0
    assert live.page.locator(".st-key-composer :is(strong, em, code, a)").count() == 0


def test_what_was_typed_survives_a_change_of_kind(live):
    live.choose("ablation", "resample")
    type_area(live, "corrupted_prompt", "half a thought")
    live.choose("positions", "chosen")
    live.type("chosen_positions", "0, 3-5")
    live.choose("positions", "all")
    live.choose("ablation", "zero")
    live.choose("ablation", "resample")
    live.choose("positions", "chosen")
    wait_area(live, "corrupted_prompt", "half a thought")
    live.wait_value("chosen_positions", "0, 3-5")


@pytest.mark.parametrize("width", [800, 1440])
def test_nothing_overflows_with_everything_open(open_page, width):
    page = open_page(width=width)
    page.wait_live()
    page.type_prompt("the cat " * 60)
    page.choose("positions", "chosen")
    page.choose("ablation", "resample")
    page.click_button("random_tokens")
    page.wait_text("alignment", "tokens differ")
    for part in (".stMain", ".st-key-composer"):
        over = page.page.evaluate(
            "s => { const e = document.querySelector(s); return e.scrollWidth - e.clientWidth; }",
            part,
        )
        assert over <= 0
