"""The composer: tokens chosen, prompts built, files given, and what the words say of it."""

import re
from html import unescape

from markupsafe import escape
from support import heatmaps
from support.hostile import TYPED

from core import SweepSpec, run_sweep
from core.demo import example
from core.prompts.corruption import random_tokens

IOI = example.TRY[1][1]


def same_heatmap(page, demo, **fields) -> None:
    """The heatmap on the page against the engine, asked for the same in Python."""
    values = {"prompt": example.SPEC.prompt, "target": example.SPEC.target, **fields}
    heatmaps.shows(page, run_sweep(demo, SweepSpec(model="demo", **values)))


def sentences(page) -> list[str]:
    """The items of the list of reference sentences, as markup."""
    shown = re.search(r'<ol class="hs-sentences">(.*?)</ol>', page.html(), flags=re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", shown[1], flags=re.DOTALL)


def test_clicked_tokens_are_where_heads_are_ablated(live, demo):
    live.choose("positions", "chosen")
    live.wait_text("composer", "No position is chosen")
    for index in (4, 5, 14):
        live.toggle("chosen_tokens", index)
    live.wait_value("chosen_positions", "4, 5, 14")
    live.wait_text("in_words", "positions 4, 5 and 14")
    live.run()
    same_heatmap(live, demo, positions=(4, 5, 14))

    live.toggle("chosen_tokens", 5)
    live.wait_value("chosen_positions", "4, 14")


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
    live.type("reference_text", "One cat.\n\n\nTwo dogs sleep.\n")
    live.wait_text("in_words", "Mean ablation against 2 reference prompts, every position")
    live.run()
    same_heatmap(live, demo, ablation="mean", reference=("One cat.", "Two dogs sleep."))


def test_a_reference_file(live, demo):
    live.choose("ablation", "mean")
    live.choose("reference_choice", "from a file")
    live.choose_file("reference_file", "<b>$x$.txt", b"One cat.\n\nTwo dogs sleep.\n")
    live.wait_text("reference", "2 reference prompts from “<b>$x$.txt”")
    live.run()
    same_heatmap(live, demo, ablation="mean", reference=("One cat.", "Two dogs sleep."))

    live.choose_file("reference_file", "bad.txt", b"ab\xff")
    live.wait_error("'bad.txt' is not UTF-8 text: byte 3 is 0xFF")
    live.choose("ablation", "zero")
    live.choose("ablation", "mean")
    live.wait_error("'bad.txt' is not UTF-8 text")
    live.click_button("forget_file")
    live.wait_text("reference", "No file is chosen")


def test_the_default_sets_sentences_can_be_read(live):
    live.choose("ablation", "mean")
    assert len(sentences(live)) == 64


def test_swapped_names_are_aligned_and_swept(live, demo):
    live.click_button("example-1")
    live.choose("ablation", "resample")
    live.click_button("swap_names")
    live.wait_text("alignment", "3 of 15 tokens differ")
    assert live.elements("hs-pair") == [
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
    live.wait_value("corrupted_prompt", expected)


def test_a_token_is_clicked_and_replaced(live):
    live.choose("ablation", "resample")
    live.switch("replace_token")
    live.toggle("replace_position", 3)  # BOS cannot be replaced, so this is position 4
    live.type("replacement", "a b c")
    live.wait_error("the token at position 4 (' fox') is 1")
    live.type("replacement", " cat")
    live.click_button("replace")
    live.wait_value(
        "corrupted_prompt", "The quick brown cat jumps over the lazy dog. The quick brown fox"
    )
    live.switch("replace_token", on=False)
    live.wait_text("alignment", "1 of 15 tokens differs")


def test_a_stale_corrupted_prompt_is_refused_with_both_counts_and_rebuilt(live):
    live.choose("ablation", "resample")
    live.click_button("shuffle_first_copy")
    live.wait_text("alignment", "tokens differ")
    live.type_prompt("The dog saw the cat. The dog saw the")
    live.wait_error("The corrupted prompt has 15 tokens, the prompt has 11")
    assert live.is_disabled("run")
    live.click_button("rebuild")
    live.wait_text("alignment", "of 11 tokens")
    assert not live.is_disabled("run")


def test_an_answer_set_is_swept(live, demo):
    live.click_button("example-1")
    live.type("foil", "")
    live.type("target", " Mary| John")
    live.wait_text("token_strip", "their probabilities are added")
    live.run()
    same_heatmap(live, demo, prompt=IOI.prompt, target=(" Mary", " John"))


def test_the_controls_fill_the_fields_and_say_what_they_show(live):
    live.click_button("without_first_copy")
    live.wait_value("prompt", "The quick brown fox")
    live.wait_text("control", "P(target) was 84.5 % with it")
    assert live.is_disabled("without_first_copy")
    live.click_button("repeated_random")
    live.wait_text("control", "Random words said twice")
    live.run()


def test_typed_text_is_shown_as_typed_in_every_new_place(live):
    def is_as_typed(text: str) -> bool:
        return text not in live.html() and escape(text) in live.html()

    live.type_prompt(TYPED)
    live.choose("positions", "chosen")
    live.toggle("chosen_tokens", 1)
    live.choose("ablation", "resample")
    live.click_button("copy_prompt")
    live.wait_error("The corrupted prompt is the prompt itself")
    live.type("corrupted_prompt", TYPED.replace("1", "2"))
    live.wait_text("in_words", "Resample ablation from “<script>alert(2)</script> **b** $x^2$")
    assert is_as_typed("<script>alert(2)</script> **b** $x^2$")
    live.switch("replace_token")
    assert live.shows("replace_position")
    live.switch("replace_token", on=False)
    live.choose("ablation", "mean")
    live.choose("reference_choice", "pasted")
    live.type("reference_text", TYPED)

    assert [unescape(each) for each in sentences(live)] == [TYPED]
    assert is_as_typed(TYPED)


def test_what_was_typed_survives_a_change_of_kind(live):
    live.choose("ablation", "resample")
    live.type("corrupted_prompt", "half a thought")
    live.choose("positions", "chosen")
    live.type("chosen_positions", "0, 3-5")
    live.choose("positions", "all")
    live.choose("ablation", "zero")
    live.choose("ablation", "resample")
    live.choose("positions", "chosen")
    live.wait_value("corrupted_prompt", "half a thought")
    live.wait_value("chosen_positions", "0, 3-5")


def test_random_words_are_a_median_draw_and_then_others_as_they_come(live):
    live.click_button("repeated_random")
    live.wait_text("control", "of 5, the median by P(target)")
    live.wait_text("control", "without the first copy")
    live.click_button("repeated_random")
    live.wait_text("control", "(draw 6, as it came")
    live.type_prompt("The zephyr")
    live.wait_text("composer", "was not trained on “zephyr”")
