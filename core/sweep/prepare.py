"""A spec made ready for one model: everything tokenised, and checked to fit."""

from dataclasses import dataclass, replace
from itertools import zip_longest

import torch
from jaxtyping import Int
from torch import Tensor

from core.checkpoints import catalogue
from core.engine.interventions import chosen_positions
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.prompts import tokens as tk
from core.prompts.apart import check_apart, parted
from core.prompts.corruption import align
from core.prompts.reference import check_same_length, embedded_ids, readable
from core.settings import settings
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec


@dataclass(frozen=True)
class Prepared:
    """A spec resolved for one model: ids of the prompts, the target and the foil.

    `reference` are the ids of a reference set whose texts have the prompt's length, BOS included;
    none for a kind that takes another set or no set.
    """

    spec: SweepSpec
    prompt: tk.TokenizedPrompt
    corrupted: tk.TokenizedPrompt | None
    target: tk.TokenizedAnswer
    foil: tk.TokenizedAnswer | None
    positions: tuple[int, ...] | None
    reference: tuple[tuple[int, ...], ...] = ()

    @property
    def compared(self) -> tuple[tk.TokenizedAnswer, tk.TokenizedAnswer] | None:
        """What the logit difference compares where both are read in the target's pass.

        Target and foil themselves where both are single tokens, or sets of them. Of different
        lengths, the tokens at which they part: whole answers would be told apart by their length.
        None without a foil, and for whole answers of several tokens, as many in both.
        """
        if self.foil is None:
            return None
        if len(self.target.sequence) == len(self.foil.sequence):
            return (self.target, self.foil) if len(self.target.sequence) == 1 else None
        return parted(self.target, self.foil)

    @property
    def parts_at(self) -> int | None:
        """Which token of the answers, from 0, is compared where their lengths differ; else None."""
        differ = self.foil is not None and len(self.foil.sequence) != len(self.target.sequence)
        return self.compared[0].at if differ and self.compared is not None else None

    @property
    def foil_in_same_pass(self) -> bool:
        """Whether the foil is read where the target is: a teacher-forced one is not."""
        return self.compared is not None

    def sequence(self, answer: tk.TokenizedAnswer) -> Int[Tensor, " pos"]:
        """The prompt followed by the answer, teacher-forced: without its last token."""
        return torch.tensor([*self.prompt.ids, *answer.sequence[:-1]])

    def corrupted_sequence(self, answer: tk.TokenizedAnswer) -> Int[Tensor, " pos"]:
        """The corrupted prompt followed by the same answer tokens."""
        assert self.corrupted is not None
        return torch.tensor([*self.corrupted.ids, *answer.sequence[:-1]])

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands at each position of the passes: both where target and foil part."""
        passes = (self.target, None if self.foil_in_same_pass else self.foil)
        answers = [each for each in passes if each is not None]
        forced = [() if each.is_set else each.texts[:-1] for each in answers]
        return self.prompt.texts + tuple(
            " |".join(dict.fromkeys(text for text in at if text is not None))
            for at in zip_longest(*forced)
        )

    @property
    def first_change(self) -> int:
        """The first position at which what takes a head's place can differ from the clean run.

        0, but where values come from texts of the prompt's length: until one of them differs from
        it, their runs are the clean one (causality). Past every pass where none differs.
        """
        texts = self.reference if self.corrupted is None else (self.corrupted.ids,)
        if not texts:
            return 0
        differs = (p for p, own in enumerate(self.prompt.ids) if any(t[p] != own for t in texts))
        return next(differs, len(self.texts))

    def read(self, answer: tk.TokenizedAnswer) -> tuple[int, ...]:
        """The positions whose logits predict the answer's tokens."""
        last = len(self.prompt) - 1
        return tuple(range(last, last + len(answer.sequence)))


def prepare(
    model: LoadedModel, spec: SweepSpec, prompt: tk.TokenizedPrompt | None = None
) -> Prepared:
    """Tokenise a spec for a model and check that it fits; raises `InputError`.

    `prompt` are the prompt's tokens, where they are known already.
    """
    _check_model(model, spec)
    bos = model.default_prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    if prompt is None:
        prompt = tk.tokenize_prompt(model.tokenizer, spec.prompt, prepend_bos=bos)
    target = tk.tokenize_answer(model.tokenizer, spec.target, "target")
    foil = None if spec.foil is None else tk.tokenize_answer(model.tokenizer, spec.foil, "foil")
    if foil is not None:
        check_apart(target, foil)
    for text, name in ((prompt.ids, "prompt"), (sum(target.options, ()), "target")):
        tk.check_embedded(text, model.d_vocab, name)
    tk.check_embedded(sum(foil.options, ()) if foil is not None else (), model.d_vocab, "foil")
    tk.check_fit(spec, len(prompt), len(target.sequence), model.n_ctx)
    _check_limit(len(prompt) + len(target.sequence) - 1)
    corrupted = None
    if spec.corrupted_prompt is not None:
        corrupted = tokenize_corrupted(model, spec.corrupted_prompt, bos=bos)
        align(prompt, corrupted)
        tk.check_embedded(corrupted.ids, model.d_vocab, "corrupted_prompt")
    reference: tuple[tuple[int, ...], ...] = ()
    if spec.reference is not None and spec.ablation.traits.same_length:
        check_same_length(model.tokenizer, spec.reference, len(prompt), prepend_bos=bos)
        reference = embedded_ids(model.tokenizer, spec.reference, model.d_vocab, prepend_bos=bos)
    positions = chosen_positions(spec.positions, len(prompt))
    # By the one name that the loaded model has: an alias is asked for, never recorded.
    texts = readable_reference(model, spec, bos=bos)
    resolved = replace(spec.resolved(prepend_bos=bos), model=model.name, reference=texts)
    return Prepared(resolved, prompt, corrupted, target, foil, positions, reference)


def readable_reference(model: LoadedModel, spec: SweepSpec, *, bos: bool) -> tuple[str, ...] | None:
    """A spec's reference set; of the default one what the model can read. Raises `InputError`."""
    reference = spec.resolved(prepend_bos=bos).reference
    if reference != DEFAULT:
        return reference
    return readable(model.tokenizer, DEFAULT, model.d_vocab, bos)


def tokenize_corrupted(model: LoadedModel, text: str, *, bos: bool) -> tk.TokenizedPrompt:
    """A corrupted prompt's tokens; what is wrong with it is said of it, not of the prompt."""
    try:
        return tk.tokenize_prompt(model.tokenizer, text, prepend_bos=bos)
    except InputError as error:
        raise InputError("corrupted_prompt", f"The corrupted prompt: {error}") from error


def _check_limit(n_tokens: int) -> None:
    """The operator's limit, which may be shorter than what the model reads."""
    most = settings().max_prompt_tokens
    if n_tokens > most:
        raise InputError(
            "prompt",
            f"The prompt with its answer has {n_tokens:,} tokens; this Headsweep takes at most "
            f"{most:,} (its operator's limit). Shorten it.",
        )


def _check_model(model: LoadedModel, spec: SweepSpec) -> None:
    if catalogue.canonical(spec.model) != model.name:
        raise InputError(
            "model", f"The spec asks for the model {spec.model!r}, loaded is {model.name!r}."
        )
    for name in ("weights", "dtype"):
        asked, has = getattr(spec, name), getattr(model, name)
        if asked != has:
            raise InputError(
                name, f"The spec asks for {name} {asked!r}, the loaded model has {has!r}."
            )
