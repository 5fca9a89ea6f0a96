"""The saved example: the notebook's sweep on the embedded model, shown before a model is loaded.

`python -m core.demo.example` recomputes the shipped files; a test compares them with the engine.
"""

import json
from functools import lru_cache
from pathlib import Path

from core.results.layer_effects import LayerEffects, marked_heads
from core.results.result import SweepResult
from core.spec.spec import SweepSpec

SAVED = Path(__file__).parent / "example.json"
SAVED_LAYER_EFFECTS = SAVED.with_name("example_layer_effects.json")

SPEC = SweepSpec(
    model="demo",
    prompt="The quick brown fox jumps over the lazy dog. The quick brown fox",
    target=" jumps",
)
"""The notebook's prompt, target and ablation."""


TRY: tuple[tuple[str, SweepSpec], ...] = (
    ("the notebook’s pangram", SPEC),
    (
        "who gets the bag?",
        SweepSpec(
            model="demo",
            prompt="When John and Mary went to the shops, John gave the bag to",
            target=" Mary",
            foil=" John",
        ),
    ),
    (
        "a list, again",
        SweepSpec(
            model="demo",
            prompt=" dog house tree water lamp dog house tree water",
            target=" lamp",
        ),
    ),
)
"""Example prompts: a repeated sentence, an indirect object (Wang et al. 2022), a repeated list."""


@lru_cache(maxsize=1)
def saved() -> SweepResult:
    """The shipped result of `SPEC`. Reads one small file and imports no torch."""
    return SweepResult.from_dict(json.loads(SAVED.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def saved_layer_effects() -> LayerEffects:
    """The shipped layer effects for the shipped result."""
    return LayerEffects.from_dict(json.loads(SAVED_LAYER_EFFECTS.read_text(encoding="utf-8")))


def compute() -> tuple[SweepResult, LayerEffects]:
    """Compute the result and its layer effects with the engine."""
    from core.checkpoints.loading import load_model
    from core.progress import run_to_end
    from core.sweep.layer_sweep import iter_layer_effects
    from core.sweep.scorer import Scorer
    from core.sweep.sweep import run_sweep

    model = load_model(SPEC.model, device="cpu")
    result = run_sweep(model, SPEC)
    return result, run_to_end(iter_layer_effects(Scorer(model, SPEC), marked_heads(result)))


if __name__ == "__main__":
    result, layer_effects = compute()
    SAVED.write_text(result.to_json() + "\n", encoding="utf-8")
    text = json.dumps(layer_effects.to_dict(), indent=1, ensure_ascii=True, allow_nan=False)
    SAVED_LAYER_EFFECTS.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {SAVED.name} and {SAVED_LAYER_EFFECTS.name}")
