"""Links: the address describes what is on screen, and opens it again, here and elsewhere."""

from dataclasses import replace
from urllib.parse import urlencode

import numpy as np
from support.addresses import address
from support.composed import is_composed
from support.hostile import IMAGE, SCRIPT

from components.state.answer_syntax import positions_text, typed_answer
from core import load_model, run_sweep
from core.demo import example
from core.exports import links
from core.results.leading import opening
from core.spec.ablation import AblationKind
from core.spec.reference_set import DEFAULT

CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"
SPECS = (
    replace(example.SPEC, ablation=AblationKind.ZERO, foil=" dog", positions="last"),
    replace(example.SPEC, ablation=AblationKind.RESAMPLE, corrupted_prompt=CORRUPTED),
    replace(
        example.SPEC,
        ablation=AblationKind.MEAN,
        reference=("  The dog & 100% of it?", "a=1#b+c", "über <b>naïve</b> 😀"),
    ),
    replace(
        example.SPEC,
        target=(" jumps", " over"),
        foil=(" dog", " fox"),
        positions=(0, 3, 5, 6, 7),
    ),
    replace(
        example.SPEC,
        target=" jumps over",
        prepend_bos=False,
        weights="raw",
        ablation=AblationKind.ZERO,
    ),
)


def compose(page, spec):
    """Fill the composer by hand, and sweep."""
    page.type("target", typed_answer(spec.target))
    page.type("foil", typed_answer(spec.foil))
    page.choose("ablation", spec.ablation.label)
    if spec.corrupted_prompt is not None:
        page.type("corrupted_prompt", spec.corrupted_prompt)
    if spec.reference is not None:
        page.choose("reference_choice", "pasted")
        page.type("reference_text", "\n".join(spec.reference))
    page.choose("positions", spec.positions if isinstance(spec.positions, str) else "chosen")
    if not isinstance(spec.positions, str):
        page.type("chosen_positions", positions_text(spec.positions))
    if spec.prepend_bos is False:
        page.choose("bos", "none")
        page.choose("weights", spec.weights)
    page.run()


def shows(page, spec, expected):
    """The spec's own numbers are on screen, without a word of doubt."""
    words = spec.in_words()
    page.wait_text("provenance", f"{spec.model} · {words}")
    page.wait_heatmap()
    page.settle()
    page.wait_gone("situation")
    assert np.allclose(page.z(), expected, atol=0.02)
    assert page.banners() == ""
    assert page.errors() == ""


def opened(result):
    """What the page shows of it at first."""
    return opening(result).metric.values(result)


def test_after_each_sweep_the_address_is_a_link_to_it_for_any_server(
    page, new_tab, elsewhere, server, demo
):
    page.wait_live()
    assert page.query() == "", "the bare address is the example"
    models = {"processed": demo, "raw": load_model("demo", device="cpu", weights="raw")}
    found = {}
    for spec in SPECS:
        compose(page, spec)
        page.wait_address(links.to_params(spec))
        found[spec] = opened(run_sweep(models[spec.weights], spec))
        shows(page, spec, found[spec])

    other = new_tab()
    for spec in SPECS:
        other.visit(address(elsewhere, spec))
        shows(other, spec, found[spec])
        is_composed(other, spec)
        other.wait_address(links.to_params(spec))
        assert "kept as run" in other.text("run_bar"), "it was swept, and is kept there too"
    for spec in SPECS[3:]:
        other.visit(address(server, spec))
        shows(other, spec, found[spec])
        is_composed(other, spec)


def test_head_view_and_metric_are_in_the_address_and_opened_by_it(live, new_tab, server):
    best = example.saved().ranked()[0].address
    live.choose("metric", "log odds")
    live.wait_address({"metric": ["log odds"]})
    live.click_cell(*best)
    live.choose("head_view", "Which role it plays")
    params = {"metric": ["log odds"], "head": [best.label], "view": ["scores"]}
    live.wait_address(params)

    other = new_tab()
    other.visit(server + live.query())
    for each in (other, live):
        each.wait_text("view_scores", "20 sequences")
        each.settle()
        each.wait_address(params)
        assert each.outlined() == [f"selected {best.label}"]
        assert each.pressed("metric") == ["log odds"]
        assert each.pressed("head_view") == ["Which role it plays"]
        effect = example.saved().effect(best)
        assert abs(each.z()[best.layer][best.head] - effect.logodds_change) < 0.01

    live.choose("metric", "prob")
    live.click_button("clear_head")
    live.wait_address({})


def test_late_words_of_the_page_that_is_left_do_not_stay_in_the_address(new_tab, server):
    page = new_tab()
    page.visit(address(server, SPECS[0], head="L1H1"))
    on_sweep = page.query().removeprefix("?")
    for title, params in (("History", {}), ("Hypothesis", links.to_params(SPECS[0]))):
        page.go(title)
        page.go_back(title, links.query_of(params), late=on_sweep)
        page.wait_address(params)
        page.go("Sweep")
        page.go_back(title, links.query_of(params), late=on_sweep)
        page.wait_address(params)
    page.go_back("Sweep", on_sweep, late="")
    page.wait_address(links.to_params(SPECS[0]) | {"head": ["L1H1"], "view": ["attention"]})


def test_a_spec_too_long_for_a_link_is_named_by_its_run(page, new_tab, server, elsewhere):
    page.wait_live()
    texts = [f"{i}: {text}" for i in range(2) for text in DEFAULT]
    compose(page, replace(example.SPEC, ablation=AblationKind.MEAN, reference=tuple(texts)))
    page.wait_text("run_bar", "kept as run")
    run = page.text("run_bar").partition("kept as run ")[2][:12]
    page.wait_address({"run": [run]})
    z = page.z()

    other = new_tab()
    other.visit(f"{server}/?run={run}")
    other.wait_text("provenance", "mean ablation against 128 reference prompts")
    other.wait_heatmap()
    other.settle()
    assert other.z() == z
    assert other.typed("reference_text") == "\n".join(texts)
    other.visit(f"{elsewhere}/?run={run}")
    other.wait_banner(f"This link names the run {run}, which is not kept here")
    assert "JSON file" in other.banners()
    other.wait_text("baseline", "jumps")


def test_hostile_links_explain_themselves_load_nothing_and_run_nothing(new_tab, elsewhere, hub):
    page = new_tab()
    page.visit(elsewhere)
    page.wait_live()
    asked = {"prompt": "one two one", "target": " two", "metric": "KL"}
    for name in ("/etc", "~", "org/none", "none-of-that-name", SCRIPT):
        for path, more in (("", {}), ("hypothesis", {"heads": "L0H1"}), ("patching", {})):
            if path and name not in ("/etc", "org/none"):
                continue
            page.visit(f"{elsewhere}/{path}?{urlencode(asked | more | {'model': name})}")
            page.wait_value("target", " two")
            page.wait_banner("This link asks for the model")
            assert name[:60] in page.banners()
            assert page.typed("prompt") == "one two one"
            assert page.typed("model").startswith("demo")
    assert not page.shows("progress")

    # Every other parameter: tests/pages/test_links.py.
    names = ("prompt", "target", "foil", "ablation", "positions", "run", "metric", "view", "head")
    for name in names:
        page.visit(f"{elsewhere}/?{urlencode({'model': 'demo', **asked, name: SCRIPT})}")
        page.wait_value("target", SCRIPT if name == "target" else " two")
        if name not in ("prompt", "target", "foil"):  # there it is text like any other
            assert "This link" in page.banners() or "The address" in page.banners(), name
        assert page.typed("prompt") == (SCRIPT if name == "prompt" else "one two one")
        assert IMAGE not in page.html(), name
        assert "<script>alert" not in page.html(), name
        assert IMAGE not in page.markdown(), name
        assert "$x$" not in page.markdown(), name
    assert hub.requests == []


def test_oversized_repeated_and_misspelt_links_are_explained(new_tab, elsewhere):
    page = new_tab()
    whole = {"model": "demo", "prompt": "one two one", "target": " two"}
    for query, said in (
        (urlencode(whole | {"foil": "x" * 20_000}), "longer than 6,000 characters"),
        (urlencode([*whole.items(), ("prompt", "three")]), "gives “prompt” 2 times"),
        (urlencode(whole | {"ablation": "nought"}), "'nought' is not a kind of ablation"),
        (urlencode(whole | {"bos": "maybe"}), "bos=maybe"),
        (urlencode(whole | {"positions": "0,x"}), "positions=0,x"),
        (urlencode({"prompt": "a", "target": " b"}), "but not its “model”"),
        ("run=../../etc", "names the run “../../etc”"),
        (urlencode(whole | {"head": "L9H9"}), "asks for L9H9"),
        (urlencode(whole | {"prompt": "not yet swept", "head": "L9H9"}), "asks for L9H9"),
        (urlencode(whole | {"view": "x"}), "asks for view “x”"),
    ):
        page.visit(f"{elsewhere}/?{query}")
        page.wait_banner(said)
        page.wait_heatmap()
    page.run()
    page.choose("metric", "KL")
    assert "asks for view" not in page.banners(), "what is on screen is another thing by now"


def test_a_link_to_a_model_that_is_not_here_downloads_when_its_button_is_pressed(
    new_tab, elsewhere, hub
):
    page = new_tab()
    spec = replace(example.SPEC, model="distilgpt2", target="x", ablation=AblationKind.ZERO)
    page.visit(address(elsewhere, spec, head="L1H1"))
    page.wait_text("run", "Download 353 MB and sweep")
    page.wait_text("situation", "press Sweep")
    page.wait_value("target", "x")
    page.settle()
    assert hub.requests == []
    page.click_button("run")
    page.wait_text("provenance", "distilgpt2 · zero ablation")
    page.settle()
    assert len(page.z()) == 6
    page.wait_text("head_detail", "L1H1 ablated")
    assert hub.files()


def test_hypothesis_and_patching_describe_their_inputs(page, new_tab, elsewhere):
    page.wait_live()
    spec = replace(example.SPEC, ablation=AblationKind.RESAMPLE, corrupted_prompt=CORRUPTED)
    compose(page, spec)
    page.go("Hypothesis")
    page.wait_text("statement", "All heads that look like")
    page.type("heads", "L0H1, L1H2")
    page.choose("outcome", "breaks it")
    page.type("predicted", "12.5")
    params = links.to_params(spec)
    guess = {"heads": ["L0H1, L1H2"], "outcome": ["breaks it"], "predicted": ["12.5"]}
    page.wait_address(params | guess)
    on_hypothesis = page.query()
    page.go("Patching")
    page.click_button("patch")
    page.wait_text("patching", "What does it break?")
    page.settle()
    page.click_head("patch-denoise", 1, 2)
    page.wait_address(params | {"patched": ["1"], "head": ["L1H2"]})
    on_patching = page.query()

    other = new_tab()
    other.visit(f"{elsewhere}/hypothesis{on_hypothesis}")
    other.wait_value("heads", "L0H1, L1H2")
    other.wait_value("predicted", "12.5")
    assert other.pressed("outcome") == ["breaks it"]
    is_composed(other, spec)
    assert not other.is_disabled("lock")
    other.visit(f"{elsewhere}/patching{on_patching}")
    other.wait_text("patching", "Noise, one position at a time")
    other.settle()
    is_composed(other, spec)
    other.wait_address(params | {"patched": ["1"], "head": ["L1H2"]})
