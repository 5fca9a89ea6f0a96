"""A heatmap's captions name what its numbers come from and what its bars are."""

import dataclasses

from core.demo import example
from core.results.captions import (
    layer_effect_words,
    provenance_parts,
    provenance_rows,
    provenance_words,
)
from core.results.facts import facts
from core.results.layer_effects import LayerEffects
from core.spec.ablation import AblationKind
from core.text.words import plain


def asked(result, **changes):
    return dataclasses.replace(result, spec=dataclasses.replace(result.spec, **changes), _index={})


def test_the_provenance_says_what_was_measured_and_with_what():
    result = example.saved()
    made, said = result.provenance, plain(provenance_words(result))
    for word in (
        "baseline P(␣jumps) 84.51 %", "model demo", made.model_fingerprint[:8],
        "mean-across-heads ablation, every position", "BOS first", "processed weights",
        f"Headsweep {made.headsweep}", f"TransformerLens {made.transformer_lens}", "cpu, float32",
    ):  # fmt: skip
        assert word in said
    assert said == " · ".join(map(plain, provenance_parts(result)))
    assert "of 12 heads" not in said
    part = dataclasses.replace(result, heads=result.heads[:5], _index={})
    assert "5 of 12 heads" in plain(provenance_words(part))


def test_the_rows_have_every_field_but_the_seconds():
    made = example.saved().provenance
    fields = dataclasses.asdict(made)
    del fields["seconds"]
    known = {name: value for name, value in fields.items() if value is not None}
    assert sorted(value for _, value in provenance_rows(made)) == sorted(known.values())
    slower = dataclasses.replace(made, slower_because="its wiring moved")
    assert provenance_rows(slower) == (
        *provenance_rows(made),
        ("slower path, with the same numbers", "its wiring moved"),
    )


def test_what_is_seldom_known_has_a_row_where_it_is():
    made = example.saved().provenance
    rough = dataclasses.replace(made, float32_distance=0.1374, reference_longest=12)
    assert provenance_rows(rough) == (
        *provenance_rows(made),
        ("largest distance from float32", "0.14 nats"),
        ("tokens of the longest reference text", "12"),
    )


def test_the_slower_path_is_said_with_its_reason():
    result = example.saved()
    made = dataclasses.replace(result.provenance, slower_because="its wiring moved")
    slower = dataclasses.replace(result, provenance=made, _index={})
    assert "slower path" not in plain(provenance_words(result))
    said = plain(provenance_words(slower))
    because = "slower path, with the same numbers: its wiring moved"
    assert said == f"{plain(provenance_words(result))} · {because}"
    assert said == " · ".join(map(plain, provenance_parts(slower)))
    (*_, before), (*_, after) = map(facts, (result, slower))
    expected = f"{plain(before.detail)} · slower path, with the same numbers: its wiring moved"
    assert plain(after.detail) == expected


def test_the_bars_are_told_apart_only_where_there_are_two():
    result, effects = example.saved(), example.saved_layer_effects()
    assert "no heads to average over" in plain(layer_effect_words(result, effects))
    zero = asked(result, ablation=AblationKind.ZERO)
    assert "could not be reached" in plain(layer_effect_words(zero, effects))
    both = LayerEffects(effects.attention, effects.attention, {})
    assert "its MLP, ablated the same way" in plain(layer_effect_words(zero, both))
    assert layer_effect_words(zero, None) == layer_effect_words(zero, both)  # what they will be
