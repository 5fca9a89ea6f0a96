"""The cell that ablates: what this run's kind puts in place of a head's output, and where."""

from dataclasses import dataclass
from typing import assert_never

from core.exports.notebook.plan import Plan
from core.spec.ablation import AblationKind

_EVERY_Z = '''\
def every_z(token_ids):
    """Every head's output in a clean run: (layer, pos, head, d_head)."""
    names = [f"blocks.{layer}.attn.hook_z" for layer in range(n_layers)]
    with torch.inference_mode():
        _, cache = model.run_with_cache(
            torch.tensor([token_ids], device=device), names_filter=lambda name: name in names
        )
    return torch.stack([cache[name][0] for name in names])
'''


@dataclass(frozen=True)
class KindCode:
    """One kind of ablation as a notebook's code.

    `overwriting` are the statements that overwrite one head's z at the chosen positions,
    `measured` what must stand before them, and `given` the name of what is then passed to
    `ablated_logits`, because each pass has its own ("foil_" before it in the foil's pass).
    """

    overwriting: tuple[str, ...]
    measured: tuple[str, ...] = ()
    given: str = ""


def kind_code(plan: Plan, at: str = ":") -> KindCode:
    """The run's kind as code; `at` is an index of positions."""
    match plan.spec.ablation:
        case AblationKind.ZERO:
            return KindCode((f"z[:, {at}, head] = 0",))
        case AblationKind.MEAN_ACROSS_HEADS:
            mean = "z.mean(dim=2)" if at == ":" else f"z.mean(dim=2)[:, {at}]"
            return KindCode((f"z[:, {at}, head] = {mean}",))
        case AblationKind.MEAN:
            return KindCode(_mean_overwriting(plan, at), (_EVERY_Z, _reference_means(plan)))
        case AblationKind.MEAN_POSITIONAL:
            overwriting = (f"z[:, {at}, head] = mean_z[layer, {at}, head]",)
            return KindCode(overwriting, (_EVERY_Z, _means_by_position(plan)), "mean_z")
        case AblationKind.RESAMPLE:
            overwriting = (f"z[:, {at}, head] = corrupted_z[layer, {at}, head]",)
            return KindCode(overwriting, (_EVERY_Z, _corrupted(plan)), "corrupted_z")
        case never:
            assert_never(never)


def ablation(plan: Plan) -> str:
    """`ablated_logits`, and what it needs to have measured first."""
    parts = [*kind_code(plan).measured, _ablated_logits(plan)]
    return "\n\n".join(part if part.endswith("\n") else part + "\n" for part in parts).rstrip("\n")


def _reference_means(plan: Plan) -> str:
    """The means that the chosen positions need: position 0 has one of its own."""
    first, later = plan.touches_first, plan.touches_later
    lines = ["firsts = []"] if first else []
    lines += ["others = []"] if later else []
    lines += [
        "for text in REFERENCE:",
        f"    z = every_z({_ids_of('text', plan)}[: model.cfg.n_ctx]).cpu().double()",
    ]
    lines += ["    firsts.append(z[:, 0])"] if first else []
    lines += ["    others.append(z[:, 1:])"] if later else []
    lines += ["", "# One vector a head, (layer, head, d_head); every token counts the same."]
    if first:
        lines.append("first_mean = torch.stack(firsts).mean(dim=0).float().to(device)")
    if later:
        lines.append("other_mean = torch.cat(others, dim=1).mean(dim=1).float().to(device)")
    return "\n".join(lines)


_MEANS_BY_POSITION = '''\
def reference_mean(forced):
    """Each head's mean output over the reference set at each position, forced ids after it."""
    total = 0
    for text in REFERENCE:
        text_ids = {text_ids}
        assert len(text_ids) == len(prompt_ids)
        total = total + every_z(text_ids + forced).cpu().double()
    return (total / len(REFERENCE)).float().to(device)


'''


def _means_by_position(plan: Plan) -> str:
    function = _MEANS_BY_POSITION.format(text_ids=_ids_of("text", plan))
    lines = [f"mean_z = reference_mean({_forced('target', plan.target) or '[]'})"]
    if plan.foil_has_pass:
        lines.append(f"foil_mean_z = reference_mean({_forced('foil', 'sequence')})")
    return function + "\n".join(lines)


def _corrupted(plan: Plan) -> str:
    def passed(answer: str, form: str) -> str:
        forced = _forced(answer, form)
        return f"every_z(corrupted_ids{f' + {forced}' if forced else ''})"

    lines = [
        f"corrupted_ids = {_ids_of('CORRUPTED_PROMPT', plan)}",
        "assert len(corrupted_ids) == len(prompt_ids)",
        f"corrupted_z = {passed('target', plan.target)}",
    ]
    if plan.foil_has_pass:
        lines.append(f"foil_corrupted_z = {passed('foil', 'sequence')}")
    return "\n".join(lines)


def _ids_of(name: str, plan: Plan) -> str:
    """A text's ids, as the prompt's are made."""
    bos = plan.spec.prepend_bos
    return f"[model.tokenizer.bos_token_id, *ids({name})]" if bos else f"ids({name})"


def _forced(answer: str, form: str) -> str:
    """The ids of an answer that are forced; nothing where it is read in one place."""
    return f"{answer}_ids[:-1]" if form == "sequence" else ""


def _ablated_logits(plan: Plan) -> str:
    given = f", {name}" if (name := kind_code(plan).given) else ""
    where = {"all": "at every position", "last": "at the prompt's last position"}.get(
        str(plan.spec.positions), "at the chosen positions"
    )
    body = "\n".join(f"        {line}" for line in _overwriting(plan))
    return f'''\
def ablated_logits(tokens, layer, head{given}):
    """Logits of one run in which a head's output is overwritten {where}."""

    def overwrite(z, hook):  # z: (batch, pos, head, d_head)
        z = z.clone()
{body}
        return z

    with torch.inference_mode():
        return model.run_with_hooks(
            tokens, fwd_hooks=[(f"blocks.{{layer}}.attn.hook_z", overwrite)]
        )
'''


def _overwriting(plan: Plan) -> list[str]:
    """The statements that overwrite one head's z."""
    at = {"all": ":", "last": "last"}.get(str(plan.spec.positions), "POSITIONS")
    before = []
    if plan.some_positions_are_past_an_end:
        before = ["here = [p for p in POSITIONS if p < z.shape[1]]  # passes differ in length"]
        at = "here"
    return [*before, *kind_code(plan, at).overwriting]


def _mean_overwriting(plan: Plan, at: str) -> tuple[str, ...]:
    """Position 0 has a mean of its own; the later statement overwrites the earlier one there."""
    later = [f"z[:, {at}, head] = other_mean[layer, head]"] if plan.touches_later else []
    first = ["z[:, 0, head] = first_mean[layer, head]"] if plan.touches_first else []
    return (*later, *first)
