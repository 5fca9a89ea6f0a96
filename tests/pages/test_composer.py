"""The composer's choices through Streamlit's AppTest: kinds, positions, builders, controls."""

import pytest
from support.script_page import page_html, unfolded, with_detail

from core.demo import example
from core.spec.ablation import AblationKind
from core.spec.reference_set import DEFAULT
from core.sweep.task import result_of

IOI = example.TRY[1][1]


def choose(app, key, option):
    app.button_group(key=key).set_value(option).run()
    assert not app.exception


def sweep(app):
    """Press Run and return the spec of what is then on screen."""
    assert not app.button(key="run").disabled, page_html(app)
    app.button(key="run").click().run()
    while app.session_state["headsweep"].sweep.job is not None:
        app.session_state["headsweep"].sweep.job.wait(60.0)
        app.run()
    assert not app.exception
    assert "have changed" not in page_html(app)
    unfolded(app)
    return app.session_state["headsweep"].sweep.result.spec


@pytest.mark.slow
def test_the_spec_is_said_in_words_beside_run(app):
    assert "Mean-across-heads ablation, every position" in page_html(app)
    choose(app, "ablation", AblationKind.MEAN)
    choose(app, "positions", "last")
    words = "Mean ablation against 64 reference sentences (Headsweep's default set), the prompt's "
    assert words.replace("'", "&#39;") in page_html(app)


@pytest.mark.slow
def test_mean_uses_the_default_set_unless_another_is_given(app):
    choose(app, "ablation", AblationKind.MEAN)
    assert sweep(app).reference == DEFAULT

    choose(app, "reference_choice", "pasted")
    assert app.button(key="run").disabled
    app.text_area(key="reference_text").set_value("One cat.\n\n  Two dogs.\n").run()
    assert "2 reference prompts" in page_html(app)
    assert sweep(app).reference == ("One cat.", "  Two dogs.")


@pytest.mark.slow
def test_a_reference_set_that_is_refused_is_said_at_the_set(app):
    choose(app, "ablation", AblationKind.MEAN)
    choose(app, "reference_choice", "pasted")
    app.text_area(key="reference_text").set_value("x\n" * 1001).run()
    assert "1,001 prompts" in page_html(app)
    assert app.button(key="run").disabled


@pytest.mark.slow
def test_what_was_typed_survives_a_change_of_kind(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.text_area(key="corrupted_prompt").set_value("half a thought").run()
    choose(app, "ablation", AblationKind.MEAN)
    choose(app, "reference_choice", "pasted")
    app.text_area(key="reference_text").set_value("One cat.").run()
    choose(app, "ablation", AblationKind.ZERO)
    assert not app.button(key="run").disabled
    choose(app, "ablation", AblationKind.RESAMPLE)
    assert app.text_area(key="corrupted_prompt").value == "half a thought"
    choose(app, "ablation", AblationKind.MEAN)
    assert app.text_area(key="reference_text").value == "One cat."


@pytest.mark.slow
def test_unequal_lengths_are_refused_with_both_counts(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    assert app.button(key="run").disabled
    app.text_area(key="corrupted_prompt").set_value("The quick brown").run()
    assert "has 4 tokens, the prompt has 15" in page_html(app)
    assert app.button(key="run").disabled


def test_the_prompt_itself_is_no_corrupted_prompt(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.button(key="copy_prompt").click().run()
    assert "The corrupted prompt is the prompt itself" in page_html(app)


@pytest.mark.slow
def test_names_are_swapped_and_aligned(app):
    app.button(key="example-1").click().run()
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.button(key="swap_names").click().run()
    swapped = "When Mary and John went to the shops, Mary gave the bag to"
    assert app.text_area(key="corrupted_prompt").value == swapped
    assert "3 of 15 tokens differ" in page_html(app)
    assert "position 2: ␣John becomes ␣Mary" in page_html(app)
    assert sweep(app).corrupted_prompt == swapped


@pytest.mark.slow
def test_without_two_names_to_find_they_can_be_given(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.button(key="swap_names").click().run()
    assert "Swapping needs exactly two names" in page_html(app)
    app.text_input(key="name_one").set_value("fox").run()
    app.text_input(key="name_two").set_value("dog").run()
    app.button(key="swap_these").click().run()
    assert app.text_area(key="corrupted_prompt").value == (
        "The quick brown dog jumps over the lazy fox. The quick brown dog"
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", ["shuffle_first_copy", "random_tokens"])
def test_each_press_is_another_seed_and_a_seed_is_always_the_same(app, way):
    choose(app, "ablation", AblationKind.RESAMPLE)
    texts = []
    for _ in range(2):
        app.button(key=way).click().run()
        texts.append(app.text_area(key="corrupted_prompt").value)
        assert "the first at position" in page_html(app)
        assert "seed" in app.button(key=way).label
    assert texts[0] != texts[1]
    app.text_area(key="corrupted_prompt").set_value("").run()
    app.button(key=way).click().run()
    assert app.text_area(key="corrupted_prompt").value == texts[0]


def test_shuffling_needs_a_repeat(app):
    app.button(key="example-1").click().run()
    choose(app, "ablation", AblationKind.RESAMPLE)
    assert app.button(key="shuffle_first_copy").disabled
    assert "does not end with a repeat" in app.button(key="shuffle_first_copy").help


@pytest.mark.slow
def test_a_corrupted_prompt_built_from_another_prompt_says_so_and_is_built_anew(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.button(key="random_tokens").click().run()
    app.text_area(key="prompt").set_value("The dog saw the dog saw").run()
    assert "has 15 tokens, the prompt has 7" in page_html(app)
    assert "built from another prompt (random tokens, seed 0)" in page_html(app)
    app.button(key="rebuild").click().run()
    assert "6 of 7 tokens differ" in page_html(app)
    assert "built from another prompt" not in page_html(app)


@pytest.mark.slow
def test_one_token_is_replaced_by_a_text_of_one_token(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.session_state["replace_token"] = True
    app.run()
    app.button_group(key="replace_position").set_value(4).run()
    app.text_input(key="replacement").set_value(" the dog").run()
    assert "has 2 tokens, the token at position 4" in page_html(app)
    assert app.button(key="replace").disabled
    app.text_input(key="replacement").set_value(" dog").run()
    app.button(key="replace").click().run()
    app.button_group(key="replace_position").set_value(14).run()
    app.button(key="replace").click().run()
    assert app.text_area(key="corrupted_prompt").value == (
        "The quick brown dog jumps over the lazy dog. The quick brown dog"
    )


@pytest.mark.slow
def test_suggestions_are_the_models_own_and_never_the_token_itself(app):
    choose(app, "ablation", AblationKind.RESAMPLE)
    app.session_state["replace_token"] = True
    app.run()
    app.button_group(key="replace_position").set_value(14).run()
    offered = [b.label for b in app.button if (b.key or "").startswith("suggestion-")]
    assert offered
    assert "␣fox" not in offered
    app.button(key="suggestion-0").click().run()
    assert "1 of 15 tokens differs" in page_html(app)
    assert not app.button(key="run").disabled


@pytest.mark.slow
def test_chosen_positions_are_pressed_or_typed(app):
    choose(app, "positions", "chosen")
    assert "No position is chosen" in page_html(app)
    assert app.button(key="run").disabled
    app.button_group(key="chosen_tokens").set_value([4, 5, 6, 14]).run()
    assert app.text_input(key="chosen_positions").value == "4-6, 14"
    assert sweep(app).positions == (4, 5, 6, 14)
    app.text_input(key="chosen_positions").set_value("0, 2-3").run()
    assert list(app.button_group(key="chosen_tokens").value) == [0, 2, 3]
    assert sweep(app).positions == (0, 2, 3)


@pytest.mark.slow
def test_chosen_positions_that_the_strip_does_not_show_stay_chosen(app):
    app.text_area(key="prompt").set_value("the cat " * 125).run()
    choose(app, "positions", "chosen")
    app.text_input(key="chosen_positions").set_value("125, 3").run()
    app.button_group(key="chosen_tokens").set_value([3, 249]).run()
    assert app.text_input(key="chosen_positions").value == "3, 125, 249"


@pytest.mark.slow
def test_a_position_past_the_end_is_said_at_the_positions(app):
    choose(app, "positions", "chosen")
    app.text_input(key="chosen_positions").set_value("15").run()
    assert "Position 15 is past the end" in page_html(app)
    assert app.button(key="run").disabled


@pytest.mark.slow
def test_an_answer_set_is_typed_with_bars(app):
    app.button(key="example-1").click().run()
    app.text_input(key="target").set_value(" Mary| John").run()
    app.text_input(key="foil").set_value("").run()
    assert "their probabilities are added" in page_html(app)
    assert sweep(app).target == (" Mary", " John")


@pytest.mark.slow
def test_bare_members_of_an_answer_set_are_offered_with_their_spaces(app):
    app.text_input(key="target").set_value("jumps|walked").run()
    app.button(key="space-target").click().run()
    assert app.text_input(key="target").value == " jumps| walked"


@pytest.mark.slow
def test_the_control_without_the_first_copy_says_what_it_shows(app):
    app.button(key="without_first_copy").click().run()
    assert app.text_area(key="prompt").value == "The quick brown fox"
    assert app.text_input(key="target").value == " jumps"
    assert "P(target) was 84.5 % with it and is" in page_html(app)
    assert app.button(key="without_first_copy").disabled
    assert "no first copy" in app.button(key="without_first_copy").help
    app.button(key="whole_prompt").click().run()
    assert app.text_area(key="prompt").value == example.SPEC.prompt


@pytest.mark.slow
def test_repeated_random_words_fill_prompt_target_and_foil(app):
    seen = set()
    for _ in range(2):
        app.button(key="repeated_random").click().run()
        words = app.text_area(key="prompt").value.split(" ")
        target, foil = app.text_input(key="target").value, app.text_input(key="foil").value
        assert words[1:10] == words[11:20]
        assert target.strip() == words[10]
        assert foil.strip() in words
        assert foil != target
        assert "Random words said twice" in page_html(app)
        assert not app.button(key="run").disabled
        seen.add(app.text_area(key="prompt").value)
    assert len(seen) == 2


@pytest.mark.slow
def test_a_set_by_position_is_made_from_the_prompt_and_swept(app):
    choose(app, "ablation", AblationKind.MEAN_POSITIONAL)
    assert app.button(key="run").disabled
    assert "Each text needs 15 tokens, BOS counted" in page_html(app)
    app.button(key="make_reference").click().run()
    first = app.text_area(key="reference_text").value
    assert "The words of the first copy are others; seed 0" in page_html(app)
    assert "32 reference prompts" in page_html(app)
    app.button(key="make_reference").click().run()
    assert app.text_area(key="reference_text").value != first
    assert "seed 1" in page_html(app)
    spec = sweep(app)
    assert spec.ablation is AblationKind.MEAN_POSITIONAL
    assert len(spec.reference) == 32
    # Mean ablation goes on with the default set, and another prompt says that the set is not its.
    choose(app, "ablation", AblationKind.MEAN)
    assert app.session_state["reference_choice"] == "default"
    choose(app, "ablation", AblationKind.MEAN_POSITIONAL)
    app.button(key="example-1").click().run()
    choose(app, "ablation", AblationKind.MEAN_POSITIONAL)
    assert "Made from another prompt" in page_html(app)


@pytest.mark.slow
def test_the_kinds_are_compared_over_the_set_that_was_made(app):
    with_detail(app, "kinds")
    app.button(key="compare_kinds").click().run()
    state = app.session_state["headsweep"]
    assert AblationKind.MEAN_POSITIONAL not in state.kinds.jobs
    choose(app, "ablation", AblationKind.MEAN_POSITIONAL)
    app.button(key="make_reference").click().run()
    assert app.button(key="compare_kinds").label == "Add mean positional"
    app.button(key="compare_kinds").click().run()
    job = state.kinds.jobs[AblationKind.MEAN_POSITIONAL]
    assert job.wait(60.0)
    assert job.error is None
    assert len(result_of(job).spec.reference) == 32
    app.run()
    assert not app.exception


@pytest.mark.slow
def test_resample_is_offered_where_it_was_not_compared(app):
    """With a corrupted prompt made ready: of a repeat, its first copy shuffled."""
    with_detail(app, "kinds")
    app.button(key="compare_kinds").click().run()
    state = app.session_state["headsweep"]
    for job in state.kinds.jobs.values():
        assert job.wait(60.0)
    app.run()
    assert "Not tried: resample" in page_html(app)
    app.button(key="try_resample").click().run()
    assert app.session_state["ablation"] is AblationKind.RESAMPLE
    assert app.session_state["built"].way == "shuffle_first_copy"
    built = app.session_state["corrupted_prompt"]
    assert built != example.SPEC.prompt
    assert app.button(key="compare_kinds").label == "Add resample"
    app.button(key="compare_kinds").click().run()
    job = state.kinds.jobs[AblationKind.RESAMPLE]
    assert job.wait(60.0)
    assert job.error is None
    app.run()
    assert "try_resample" not in [button.key for button in app.button]
    assert not app.exception


@pytest.mark.slow
def test_lines_of_another_length_are_named_as_they_stand(app):
    choose(app, "ablation", AblationKind.MEAN_POSITIONAL)
    fits = "The quick brown dog jumps over the lazy fox. The quick brown dog"
    app.text_area(key="reference_text").set_value(f"{fits}\n\nThe dog\n{fits}\nThe").run()
    said = "Line 3 (“The dog”) has 3 tokens, the prompt 15 (BOS counted)"
    assert said in page_html(app)
    assert "Of another length (tokens): line 3 (3), line 5 (2)." in page_html(app)
    assert app.button(key="run").disabled
    app.text_area(key="reference_text").set_value(f"{fits}\n\n").run()
    assert "1 reference prompt" in page_html(app)
    assert not app.button(key="run").disabled
