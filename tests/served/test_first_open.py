"""The page before anyone has clicked."""

from support import heatmaps

from core.demo import example


def test_the_notebooks_sweep_stands_without_a_click(page):
    result = example.saved()
    z = page.z()

    assert len(z) == result.shape[0]
    assert all(len(row) == result.shape[1] for row in z)
    heatmaps.shows(page, result)
    assert "jumps" in page.text("baseline")
    assert "rank 1" in page.text("baseline")
    assert f"{100 * result.baseline.prob:.1f} %" in page.text("baseline")


def test_the_scale_is_symmetric_and_has_its_unit(page):
    scale = page.grid()["scale"]
    assert scale["ends"][0] == -scale["ends"][1]
    assert scale["unit"] == "pp"


def test_the_live_model_takes_the_saved_examples_place(page):
    page.wait_live()
    assert "Saved example" not in page.text("situation")
    assert "next tokens" in page.text("guesses")


def test_the_findings_name_the_largest_drop_and_claim_nothing_more(page):
    result = example.saved()
    strongest = min(result.heads, key=lambda e: e.prob_change)
    words = page.text("findings")

    assert strongest.address.label in words
    assert "One prompt" in words
    assert "significant" not in words
    assert "induction head" not in words
