"""The embedded model's recipe: its architecture, its initial weights and its training stages."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from core.demo.corpus import CLOSING_MIXTURE, MIXTURE, OPENING_MIXTURE

MODEL_FOLDER = Path(__file__).parent / "model"
CONTEXT = 256


@dataclass(frozen=True)
class Recipe:
    """All parameters that determine the weights, up to rounding on different machines."""

    seed: int = 0
    main_steps: int = 1600
    closing_steps: int = 1100
    soft_steps: int = 600
    soft_smoothing: float = 0.13
    soft_learning_rate: float = 1.5e-3
    soft_seed: int = 4
    growth_steps: int = 250
    opening_steps_at_most: int = 1200
    opening_words: int = 256
    opening_loss: float = 0.5
    tokens_per_step: int = 2048
    targets_per_step: int = 1200
    n_layers: int = 3
    n_heads: int = 4
    d_model: int = 128
    d_mlp: int = 256
    rotary_pct: float = 1.0
    rope_theta: float = 500.0
    init_std: float = 0.02
    opening_learning_rate: float = 1e-3
    learning_rate: float = 2e-3
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Stage:
    """The data of a training step.

    `mixture` are the shares of the kinds of rows, `length` is the length of a row in tokens, and
    `n_words` is the number of words from which repeated sequences are drawn (None: all).
    """

    mixture: dict[str, float]
    length: int
    n_words: int | None


def opening_stage(growth: float, recipe: Recipe) -> Stage:
    """Short repeated sequences of few words; the number of words grows with `growth` (0 to 1).

    With the whole vocabulary from the start, induction did not form within 1,400 steps. With few
    words it forms within some hundred steps, and then works for all words.
    """
    return Stage(
        OPENING_MIXTURE, 48, round(recipe.opening_words * (1600 / recipe.opening_words) ** growth)
    )


def main_stage(rng: random.Random) -> Stage:
    """All kinds of rows, long enough for two copies of 50 tokens or more."""
    return Stage(MIXTURE, 192 if rng.random() < 0.2 else 112, None)


def closing_stage(rng: random.Random) -> Stage:
    """Like the main stage, but with more indirect-object sentences, which are learned last."""
    return Stage(CLOSING_MIXTURE, 192 if rng.random() < 0.1 else 112, None)


def warm_restart(step: int, steps: int, rate: float) -> float:
    """A learning rate that rises to `rate` in 50 steps, stays constant, then falls linearly."""
    return rate * min(1.0, (step + 1) / 50, 0.02 + 1.3 * (1 - step / steps))


def main_learning_rate(step: int, recipe: Recipe) -> float:
    """The learning rate of the main part.

    It rises from the opening's rate to the main rate in 150 steps. After a third of the steps it
    falls linearly.
    """
    rise = min(1.0, step / 150)
    rate = recipe.opening_learning_rate + rise * (
        recipe.learning_rate - recipe.opening_learning_rate
    )
    return rate * max(0.02, min(1.0, 1.5 * (1 - step / recipe.main_steps)))


def build_model(recipe: Recipe, vocab_size: int, bos: int) -> GPTNeoXForCausalLM:
    """A small GPT-NeoX with serial blocks; embedding and unembedding start equal, but untied."""
    config = GPTNeoXConfig(
        vocab_size=vocab_size,
        hidden_size=recipe.d_model,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        intermediate_size=recipe.d_mlp,
        max_position_embeddings=CONTEXT,
        initializer_range=recipe.init_std,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": recipe.rope_theta,
            "partial_rotary_factor": recipe.rotary_pct,
        },
        use_parallel_residual=False,
        tie_word_embeddings=False,
        bos_token_id=bos,
        eos_token_id=bos,
    )
    model = GPTNeoXForCausalLM(config)
    with torch.no_grad():  # equal embedding and unembedding make copying easy to learn
        model.get_output_embeddings().weight.copy_(model.get_input_embeddings().weight)
    return model
