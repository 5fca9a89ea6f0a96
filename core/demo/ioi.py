"""Sentences for indirect object identification (IOI): two names, of which one occurs again.

The repeated name is the subject, who gives; the other one must be predicted (Wang et al. 2022,
arXiv:2211.00593). A template is an opening and an action. A third of these pairs is held out, with
the canonical "When John and Mary went to the shops, John gave the bag to" among them.
"""

import random
from dataclasses import dataclass

from core.demo.lexicon import held_out_names, names, singular, word_lists

_OPENINGS = (
    "When {a} and {b} went to the {place}, ",
    "Then, {a} and {b} went to the {place}. ",
    "After {a} and {b} came back from the {place}, ",
    "While {a} and {b} were working in the {place}, ",
    "{a} and {b} met in the {place}. ",
    "When {a} and {b} were in the {place}, ",
    "{a} and {b} had a long day at the {place}. Then ",
    "One {day}, {a} and {b} walked to the {place}, and ",
    "Yesterday {a} and {b} had lunch together. After lunch ",
)
_ACTIONS = (
    "{s} handed the {thing} to",
    "{s} gave a {thing} to",
    "{s} gave the {thing} to",
    "{s} sent a {looks} {thing} to",
    "{s} wanted to give the {thing} to",
    "{s} showed the {color} {thing} to",
    "{s} passed some {meal} to",
    "{s} sold the {thing} to",
    "{s} said hello to",
)
_ENDINGS = (".", ".", " and smiled.", " and went home.", " again.")


@dataclass(frozen=True)
class IoiPrompt:
    """A prompt that ends before the indirect object.

    `answer` and `subject` are names without a leading space.
    """

    prompt: str
    answer: str
    subject: str
    subject_first: bool


def is_held_out(opening: int, action: int) -> bool:
    """Whether the pair of this opening and this action is held out of training."""
    return (opening + action) % 3 == 2


def ioi_prompt(rng: random.Random, held_out: bool) -> IoiPrompt:
    """A random prompt; with `held_out`, of held-out names and templates only."""
    opening, action = rng.randrange(len(_OPENINGS)), rng.randrange(len(_ACTIONS))
    while is_held_out(opening, action) != held_out:
        opening, action = rng.randrange(len(_OPENINGS)), rng.randrange(len(_ACTIONS))
    first, second = rng.sample(held_out_names() if held_out else names(), 2)
    subject_first = rng.random() < 0.5
    subject, answer = (first, second) if subject_first else (second, first)
    slots = {
        name: singular(rng.choice(word_lists()[name]))
        for name in ("day", "thing", "looks", "color", "meal")
    }
    place = rng.choice(word_lists()["place"]).split("/")
    prompt = (_OPENINGS[opening] + _ACTIONS[action]).format(
        a=first, b=second, s=subject, place=rng.choice(place), **slots
    )
    return IoiPrompt(prompt, answer, subject, subject_first)


def ioi_text(rng: random.Random) -> str:
    """A random complete sentence for training."""
    item = ioi_prompt(rng, held_out=False)
    return f"{item.prompt} {item.answer}{rng.choice(_ENDINGS)}"
