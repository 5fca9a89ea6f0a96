"""The page before anyone has clicked."""

import math

from core.demo import example


def test_the_notebooks_sweep_stands_without_a_click(page):
    result = example.saved()
    z = page.z()

    assert len(z) == result.shape[0]
    assert all(len(row) == result.shape[1] for row in z)
    for effect in result.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)
    assert "jumps" in page.text("baseline")
    assert "rank 1" in page.text("baseline")
    assert f"{100 * result.baseline.prob:.1f} %" in page.text("baseline")


def test_the_bars_are_as_long_as_the_tokens_are_likely(page):
    drawn = page.page.evaluate(
        "Array.from(document.querySelectorAll('.hs-bars .b'),"
        " (each) => each.firstElementChild.offsetWidth / each.offsetWidth)"
    )
    likeliest = [prob for _, prob in example.saved().baseline.top[: len(drawn)]]
    assert len(drawn) > 1
    assert all(math.isclose(*both, abs_tol=0.02) for both in zip(drawn, likeliest, strict=True))


def test_the_plot_is_one_heatmap_with_labelled_axes_and_a_symmetric_scale(page):
    assert page.plot("gd.data.filter(t => t.type === 'heatmap').length") == 1
    assert page.plot("gd.layout.xaxis.title.text") == "head"
    assert page.plot("gd.layout.yaxis.title.text") == "layer"
    heatmap = "gd.data.find(t => t.type === 'heatmap')"
    assert page.plot(f"{heatmap}.zmin") == -page.plot(f"{heatmap}.zmax")
    assert page.plot("gd.data.find(t => t.type === 'heatmap').colorbar.title.text") == "pp"
    top, bottom = page.cell_at(0, 0), page.cell_at(1, 0)
    assert top[1] < bottom[1], "layer 0 is at the top"


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


def test_nothing_is_clipped_or_overflows_at_800_pixels(open_page):
    for width in (800, 1440):
        page = open_page(width=width)
        page.settle()
        overflow = page.page.evaluate(
            "document.querySelector('.stMain').scrollWidth"
            " - document.querySelector('.stMain').clientWidth"
        )
        assert overflow <= 0
        plot = page.page.locator(".st-key-heatmap .js-plotly-plot").bounding_box()
        assert plot["x"] + plot["width"] <= width


def test_both_themes_colour_zero_as_the_page(open_page):
    for scheme, paper in (("light", "#fbfaf8"), ("dark", "#15161a")):
        page = open_page(scheme=scheme)
        scale = page.plot("gd.data.find(t => t.type === 'heatmap').colorscale")
        middle = [colour for stop, colour in scale if abs(stop - 0.5) < 1e-6]
        assert middle == [paper]
