"""Measure the embedded model's tasks and head roles: the numbers of `metrics.json`.

Everything is computed from the weights alone.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPTNeoXForCausalLM,
    PreTrainedTokenizerBase,
)

from core.circuits.head_scores import HeadScores
from core.circuits.measure_scores import head_scores
from core.demo.ablate import Head
from core.demo.grammar import sentence_text
from core.demo.ioi import IoiPrompt, ioi_prompt
from core.demo.lexicon import held_out_names, held_out_words
from core.prompts.random_tokens import repeated_random_tokens

PANGRAM = "The quick brown fox jumps over the lazy dog. The quick brown fox"
PANGRAM_CONTROL = "The quick brown fox"
PANGRAM_TARGET = " jumps"
IOI = "When John and Mary went to the shops, John gave the bag to"
ROLE_THRESHOLD = 0.6
MEASURE_SEED = 2026


@dataclass(frozen=True)
class Embedded:
    """A loaded model with its tokenizer."""

    model: GPTNeoXForCausalLM
    tokenizer: PreTrainedTokenizerBase

    def ids(self, text: str) -> Int[Tensor, " pos"]:
        """BOS and the tokens of `text`."""
        tokens = self.tokenizer(text, add_special_tokens=False).input_ids
        return torch.tensor([self.tokenizer.bos_token_id, *tokens])

    def token(self, text: str) -> int:
        """The id of a text that is one token."""
        (token,) = self.tokenizer(text, add_special_tokens=False).input_ids
        return int(token)

    @torch.no_grad()
    def next_probs(self, ids: Int[Tensor, " pos"]) -> Float[Tensor, " vocab"]:
        """The probabilities of the token after `ids`."""
        probs: Tensor = self.model(ids[None], use_cache=False).logits[0, -1].softmax(-1)
        return probs

    def prob(self, prompt: str, target: str) -> float:
        """The probability of `target` after BOS and `prompt`."""
        return float(self.next_probs(self.ids(prompt))[self.token(target)])


def load(folder: Path) -> Embedded:
    """The model in `folder`, with attention that can return its patterns."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32
    )
    return Embedded(model.eval(), AutoTokenizer.from_pretrained(folder))


@dataclass(frozen=True)
class RepeatedWords:
    """A held-out sequence and the beginning of its second copy; `target` is the next word.

    `control` is the prompt without its first copy.
    """

    prompt: str
    control: str
    target: str


def repeated_word_prompts(count: int = 100) -> list[RepeatedWords]:
    """Prompts from sequences of 6 to 40 different held-out words and names."""
    rng = random.Random(MEASURE_SEED)
    pool = [*held_out_words(), *held_out_names()]
    prompts = []
    for _ in range(count):
        words = [f" {word}" for word in rng.sample(pool, rng.randint(6, 40))]
        again = rng.randint(1, len(words) - 1)
        control = "".join(words[:again])
        prompts.append(RepeatedWords("".join(words) + control, control, words[again]))
    return prompts


def held_out_ioi(count: int = 200) -> list[IoiPrompt]:
    """Prompts from held-out names and templates, half of them in each order of the two names."""
    rng = random.Random(MEASURE_SEED)
    prompts: list[IoiPrompt] = []
    while len(prompts) < count:
        item = ioi_prompt(rng, held_out=True)
        if item.subject_first == (len(prompts) % 2 == 0):
            prompts.append(item)
    return prompts


def reference_set(embedded: Embedded, count: int = 60) -> list[Int[Tensor, " _"]]:
    """Everyday sentences: the reference set for mean ablation."""
    rng = random.Random(MEASURE_SEED)
    return [embedded.ids(sentence_text(rng)) for _ in range(count)]


@torch.no_grad()
def measured_roles(embedded: Embedded) -> HeadScores:
    """Role scores of every head on 20 repeated random sequences, with copies of 50 tokens."""
    sequences = repeated_random_tokens(
        embedded.tokenizer, embedded.model.config.max_position_embeddings
    )
    patterns = embedded.model(sequences.ids, output_attentions=True, use_cache=False).attentions
    return head_scores(patterns, sequences.copy_length, sequences.has_bos)


def task_figures(embedded: Embedded) -> dict[str, Any]:
    """The probabilities on the three tasks and their controls, as fractions."""
    words = repeated_word_prompts()
    figures: dict[str, Any] = {
        "pangram": embedded.prob(PANGRAM, PANGRAM_TARGET),
        "pangram_without_first_copy": embedded.prob(PANGRAM_CONTROL, PANGRAM_TARGET),
        "repeated_words": float(np.mean([embedded.prob(w.prompt, w.target) for w in words])),
        "repeated_words_without_first_copy": float(
            np.mean([embedded.prob(w.control, w.target) for w in words])
        ),
        "ioi_canonical": embedded.prob(IOI, " Mary"),
    }
    for order in (True, False):
        items = [item for item in held_out_ioi() if item.subject_first == order]
        named = [_probs_of_names(embedded, item) for item in items]
        right, wrong = np.array(named).T
        name = "ioi_subject_first" if order else "ioi_subject_second"
        figures[name] = float(right.mean())
        figures[f"{name}_right_above_wrong"] = float((right > wrong).mean())
    return figures


def _probs_of_names(embedded: Embedded, item: IoiPrompt) -> tuple[float, float]:
    """The probabilities of the right name and of the wrong one, from one pass."""
    probs = embedded.next_probs(embedded.ids(item.prompt))
    right, wrong = (embedded.token(f" {name}") for name in (item.answer, item.subject))
    return float(probs[right]), float(probs[wrong])


def heads_of(embedded: Embedded) -> list[Head]:
    """Every (layer, head)."""
    config = embedded.model.config
    return [
        (layer, h)
        for layer in range(config.num_hidden_layers)
        for h in range(config.num_attention_heads)
    ]


def label(head: Head) -> str:
    """The head's label: "L1H2" for (1, 2)."""
    return f"L{head[0]}H{head[1]}"


def heads_in_role(scores: HeadScores, role: str) -> list[Head]:
    """The heads with a score of at least `ROLE_THRESHOLD` in `role`."""
    return [(int(layer), int(h)) for layer, h in np.argwhere(scores.values(role) >= ROLE_THRESHOLD)]
