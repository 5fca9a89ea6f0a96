"""The report in a real browser without a network, and the printed picture's room."""

import dataclasses
import json

import pytest
from plotly.offline import get_plotlyjs
from support.hostile import IMAGE

from components.exports.report import html
from components.figures.base.look import Look
from components.figures.printed_heatmap import printed_heatmap
from core.demo import example
from core.prompts.tokens import visible_text
from core.results.layer_effects import LayerEffects
from core.results.metrics import KL, LOGPROB, METRICS, PROB
from core.results.result import SweepResult
from core.spec.heads import all_heads
from core.text.numbers import percent, signed

HOSTILE = f"{IMAGE}</script>"
RESULT = example.saved()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports")
    plain = html(RESULT, example.saved_layer_effects(), "")
    (path / "plain.html").write_text(plain, encoding="utf-8")
    spec = dataclasses.replace(RESULT.spec, prompt=HOSTILE, target=HOSTILE)
    base = dataclasses.replace(RESULT.baseline, top=((HOSTILE, 0.6), *RESULT.baseline.top[1:]))
    odd = dataclasses.replace(
        RESULT,
        spec=spec,
        tokens=(HOSTILE,) * len(RESULT.tokens),
        target_tokens=(HOSTILE,),
        baseline=base,
        heads=tuple(dataclasses.replace(e, top=((HOSTILE, 0.6), *e.top)) for e in RESULT.heads),
        _index={},
    )
    hostile = html(odd, None, f"{HOSTILE} $x$")
    (path / "hostile.html").write_text(hostile, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab(chromium):
    """One for all reports, offline: what it has compiled for one it need not for the next."""
    context = chromium.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def opened(tab, folder):
    """opened(name, width, scheme): a report in the tab; at the end, nothing went wrong."""
    wrong = []
    heard = {
        "console": lambda message: wrong.append(message.text),
        "pageerror": lambda error: wrong.append(str(error)),
        "dialog": lambda dialog: wrong.append("a dialog"),
        "request": lambda request: wrong.append(request.url),
    }

    def open_(name="plain", width=1440, scheme="light"):
        tab.set_viewport_size({"width": width, "height": 1000})
        tab.emulate_media(color_scheme=scheme)
        tab.goto((folder / f"{name}.html").as_uri())
        tab.wait_for_selector("body[data-ready]")
        assert wrong == [(folder / f"{name}.html").as_uri()]
        wrong.clear()
        return tab

    for event, listener in heard.items():
        tab.on(event, listener)
    yield open_
    for event, listener in heard.items():
        tab.remove_listener(event, listener)
    tab.mouse.move(0, 0)
    tab.goto("about:blank")
    assert wrong == []


def z_of(page):
    return page.evaluate(
        "document.getElementById('heatmap').data.find((each) => each.type === 'heatmap').z"
    )


def near(values, metric):
    expected = metric.values(RESULT)
    assert [len(row) for row in values] == [expected.shape[1]] * expected.shape[0]
    for row, wanted in zip(values, expected, strict=True):
        assert row == pytest.approx(list(wanted))


def headline(page):
    return page.locator("#head h2").inner_text()


def check_bars(page):
    """They are as long as the tokens are likely."""
    drawn = page.evaluate(
        "Array.from(document.querySelectorAll('.bars .track'),"
        " (each) => each.firstElementChild.offsetWidth / each.offsetWidth)"
    )
    likeliest = [prob for _, prob in RESULT.baseline.top[: len(drawn)]]
    assert len(drawn) > 1
    assert drawn == pytest.approx(likeliest, abs=0.02)


def check_metrics(page):
    """They switch the cells."""
    near(z_of(page), PROB)
    for metric in (LOGPROB, KL, PROB):
        page.get_by_role("button", name=metric.short, exact=True).first.click()
        assert page.locator("#metrics [aria-pressed=true]").inner_text() == metric.short
        near(z_of(page), metric)
        assert metric.title in page.locator("#shown").inner_text()


def check_cells(page):
    """A click on one shows its head."""
    assert headline(page).startswith(RESULT.ranked()[0].address.label)
    box = page.locator("#heatmap .nsewdrag").first.bounding_box()
    layers, heads = RESULT.shape
    x = box["x"] + box["width"] * 2.5 / heads
    page.mouse.click(x, box["y"] + box["height"] * 1.5 / layers)
    page.wait_for_function("document.querySelector('#head b').textContent === 'L1H2'")
    shapes = page.evaluate("document.getElementById('heatmap').layout.shapes")
    assert [(s["x0"] + s["x1"], s["y0"] + s["y1"]) for s in shapes] == [(4, 2)]
    effect = next(e for e in RESULT.heads if e.address.label == "L1H2")
    numbers = page.locator("#head .numbers").inner_text()
    assert f"{percent(RESULT.baseline.prob)} → {percent(effect.prob)}" in numbers
    assert f"{signed(100 * effect.prob_change)} pp" in numbers
    names = page.locator("#head .pairs .name").all_inner_texts()
    assert names[0] == "␣jumps"
    assert set(names) >= {visible_text(text) for text, _ in effect.top[:5]}
    before, after = page.locator("#head .pairs .both .number").all_inner_texts()[:2]
    assert (before, after) == (percent(RESULT.baseline.prob), percent(effect.prob))


def check_table(page):
    """It has every head as Python writes it."""
    rows = page.locator("#rows tr").all_inner_texts()
    written = [
        [
            e.address.label, f"{100 * e.prob:.1f}",
            *(metric.text(metric.value(e)) for metric in METRICS if not metric.needs_foil),
            f"{e.rank:,}", f"{visible_text(e.top[0][0])} {percent(e.top[0][1], 0)}",
        ]
        for e in RESULT.ranked()
    ]  # fmt: skip
    assert [row.split("\t") for row in rows] == written


def check_keyboard(page):
    """It alone sorts, chooses and walks."""
    page.get_by_role("button", name="KL nats").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("KL")
    order = [e.address.label for e in sorted(RESULT.heads, key=lambda e: -e.kl)]
    assert page.locator("#rows button").all_inner_texts() == order
    page.keyboard.press("Enter")
    assert page.locator("#rows button").all_inner_texts() == order[::-1]
    page.locator("#rows button", has_text="L2H1").focus()
    page.keyboard.press("Space")
    assert headline(page).startswith("L2H1")
    assert page.evaluate("document.activeElement.textContent") == "L2H1"  # it stays there
    page.locator("#heatmap").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert headline(page).startswith("L1H3")
    page.keyboard.press("ArrowRight")  # there is nothing beyond
    assert headline(page).startswith("L1H3")


def check_look(page, width, scheme):
    """It fits, and follows the colour scheme."""
    assert page.evaluate("document.documentElement.scrollWidth") == width
    look = Look(dark=scheme == "dark")
    ink = page.evaluate("document.getElementById('heatmap').layout.font.color")
    assert ink == look.ink
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(look.paper[i : i + 2], 16) for i in (1, 3, 5))
    assert paper == f"rgb({red}, {green}, {blue})"
    other = "light" if scheme == "dark" else "dark"
    page.emulate_media(color_scheme=other)
    page.wait_for_function(
        "(ink) => document.getElementById('heatmap').layout.font.color === ink",
        arg=Look(dark=other == "dark").ink,
    )


def test_what_stands_in_it_is_the_result_in_every_metric_and_in_either_scheme(opened):
    page = opened(width=1440, scheme="light")
    check_bars(page)
    check_table(page)
    check_metrics(page)
    check_look(page, 1440, "light")


def test_a_click_and_the_keyboard_choose_heads_on_a_narrow_dark_page(opened):
    page = opened(width=800, scheme="dark")
    check_look(page, 800, "dark")
    check_cells(page)
    check_keyboard(page)


def test_typed_markup_is_shown_as_it_was_typed(opened):
    page = opened("hostile")
    assert page.locator("h1").inner_text() == f"{HOSTILE} $x$"
    assert page.locator("img").count() == 0
    assert page.locator("#strip .token").first.inner_text() == visible_text(HOSTILE)
    page.locator("#rows button").last.click()
    assert visible_text(HOSTILE) in page.locator("#head .pairs").inner_text()
    cells = page.locator("#heatmap .nsewdrag").first
    cells.scroll_into_view_if_needed()
    cells.hover(position={"x": 30, "y": 30}, force=True)
    page.wait_for_selector("#heatmap .hoverlayer text")  # it holds the likeliest token
    assert page.locator("img").count() == 0


def large(n_layers: int, n_heads: int) -> tuple[SweepResult, LayerEffects]:
    heads = tuple(
        dataclasses.replace(RESULT.heads[i % 12], layer=head.layer, head=head.head)
        for i, head in enumerate(all_heads(n_layers, n_heads))
    )
    spec = dataclasses.replace(
        RESULT.spec, prompt="Wide 漢字 words mm, " * 90, model="a-folder/" * 20, foil=" John" * 30
    )
    grown = dataclasses.replace(
        RESULT, spec=spec, shape=(n_layers, n_heads), heads=heads, foil_tokens=(" John",) * 30,
        _index={},
    )  # fmt: skip
    attention = example.saved_layer_effects().attention
    bars = tuple(attention[i % 3] for i in range(n_layers))
    return grown, LayerEffects(bars, bars, {})


PRINTED = {
    "small": lambda: printed_heatmap(
        RESULT, PROB, Look(), layer_effects=example.saved_layer_effects()
    ),
    "narrow": lambda: printed_heatmap(large(12, 12)[0], KL, Look(dark=True), width=900),
    "deep": lambda: printed_heatmap(large(48, 25)[0], LOGPROB, Look(), title="W" * 300),
    "for a talk": lambda: printed_heatmap(
        large(12, 12)[0],
        PROB,
        Look(scale=2),
        layer_effects=large(12, 12)[1],
        title="m" * 200,
        width=900,
    ),
    "wide": lambda: printed_heatmap(
        large(12, 12)[0], PROB, Look(scale=1.6), layer_effects=large(12, 12)[1], width=1600
    ),
}
OUTSIDE = """(figure) => {
  const place = document.createElement("div");
  document.body.append(place);
  return Plotly.newPlot(place, figure.data, figure.layout, {staticPlot: true}).then(() => {
    const { left, top } = place.getBoundingClientRect();
    const { width, height } = figure.layout;
    const boxes = [...place.querySelectorAll("svg text")].map((text) => [text.textContent,
      text.getBoundingClientRect()]);
    const out = boxes.filter(([, box]) => box.left < left + 2 || box.right > left + width - 2 ||
      box.top < top + 2 || box.bottom > top + height - 2).map(([text]) => text);
    place.remove();
    return [boxes.length, out];
  });
}"""


def test_no_word_of_a_printed_picture_is_cut_off(chromium):
    page = chromium.new_page()
    page.set_content("<body style='margin:0'></body>")
    page.add_script_tag(content=get_plotlyjs())
    for name, make in PRINTED.items():
        count, outside = page.evaluate(OUTSIDE, json.loads(make().to_json()))
        assert count > 20, name
        assert outside == [], name
    page.close()
