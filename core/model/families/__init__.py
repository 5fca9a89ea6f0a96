"""The wiring of each model family: its submodules as `Block`s.

Families that are alike share a module. For a family, or a setting of a family, that is not known
here the wiring is None, and sweeps use the slower path through hooks. A wiring is used only after
`core.engine.proof` has compared it with the hooks on the loaded weights.
"""

from collections.abc import Callable
from typing import Any

from core.model.families.bloom import bloom_stack
from core.model.families.gpt2 import gpt2_stack, gpt_neo_stack
from core.model.families.gpt_neox import gpt_neox_stack
from core.model.families.gptj import gptj_stack
from core.model.families.llama import gemma2_stack, llama_stack
from core.model.families.opt import opt_stack
from core.model.families.phi import phi_stack
from core.model.stack import Stack

FAMILIES: dict[str, Callable[[Any], Stack | None]] = {
    "gpt2": gpt2_stack,
    "gpt_neo": gpt_neo_stack,
    "gptj": gptj_stack,
    "gpt_neox": gpt_neox_stack,
    "opt": opt_stack,
    "bloom": bloom_stack,
    "phi": phi_stack,
    "llama": llama_stack,
    "mistral": llama_stack,
    "qwen2": llama_stack,
    "gemma2": gemma2_stack,
}
"""By `model_type`: from the model of transformers to its wiring, None for settings not known."""


def stack_of(model: Any) -> Stack | None:
    """The model's wiring; None if it is not known.

    `model` is a causal language model of `transformers` whose submodules are not wrapped yet.
    """
    build = FAMILIES.get(model.config.model_type)
    if build is None or _is_length_dependent(model.config):
        return None
    stack: Stack | None = build(model)
    return stack


def _is_length_dependent(config: Any) -> bool:
    """Whether rotary frequencies depend on the prompt's length (the module then stores them)."""
    rope = getattr(config, "rope_parameters", None) or {}
    return rope.get("rope_type", "default") in {"dynamic", "longrope"}
