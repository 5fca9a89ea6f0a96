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


def test_the_plot_is_one_heatmap_with_labelled_axes_and_a_symmetric_scale(page):
    figure = page.figure("heatmap")
    drawn = [trace for trace in figure["data"] if trace["type"] == "heatmap"]
    assert len(drawn) == 1
    assert figure["layout"]["xaxis"]["title"]["text"] == "head"
    assert figure["layout"]["yaxis"]["title"]["text"] == "layer"
    assert drawn[0]["zmin"] == -drawn[0]["zmax"]
    assert drawn[0]["colorbar"]["title"]["text"] == "pp"


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
