"""The cell that ablates: what this run's kind puts in place of a head's output, and where."""

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


def ablation(plan: Plan) -> str:
    """`ablated_logits`, and what it needs to have measured first."""
    kind = plan.spec.ablation
    parts = [_ablated_logits(plan)]
    if kind is AblationKind.MEAN:
        parts = [_EVERY_Z, _reference_means(plan), *parts]
    elif kind is AblationKind.RESAMPLE:
        parts = [_EVERY_Z, _corrupted(plan), *parts]
    return "\n\n".join(part if part.endswith("\n") else part + "\n" for part in parts).rstrip("\n")


def _reference_means(plan: Plan) -> str:
    """The means that the chosen positions need: position 0 has one of its own."""
    bos = "[model.tokenizer.bos_token_id, *ids(text)]" if plan.spec.prepend_bos else "ids(text)"
    first, later = plan.touches_first, plan.touches_later
    lines = ["firsts = []"] if first else []
    lines += ["others = []"] if later else []
    lines += [
        "for text in REFERENCE:",
        f"    z = every_z({bos}[: model.cfg.n_ctx]).cpu().double()",
    ]
    lines += ["    firsts.append(z[:, 0])"] if first else []
    lines += ["    others.append(z[:, 1:])"] if later else []
    lines += ["", "# One vector a head, (layer, head, d_head); every token counts the same."]
    if first:
        lines.append("first_mean = torch.stack(firsts).mean(dim=0).float().to(device)")
    if later:
        lines.append("other_mean = torch.cat(others, dim=1).mean(dim=1).float().to(device)")
    return "\n".join(lines)


def _corrupted(plan: Plan) -> str:
    bos = "[model.tokenizer.bos_token_id, *ids(CORRUPTED_PROMPT)]"
    lines = [
        f"corrupted_ids = {bos if plan.spec.prepend_bos else 'ids(CORRUPTED_PROMPT)'}",
        "assert len(corrupted_ids) == len(prompt_ids)",
        f"corrupted_z = every_z(corrupted_ids{_forced('target', plan.target)})",
    ]
    if plan.foil_has_pass:
        lines.append(f"foil_corrupted_z = every_z(corrupted_ids{_forced('foil', 'sequence')})")
    return "\n".join(lines)


def _forced(answer: str, form: str) -> str:
    return f" + {answer}_ids[:-1]" if form == "sequence" else ""


def _ablated_logits(plan: Plan) -> str:
    given = ", corrupted_z" if plan.spec.ablation is AblationKind.RESAMPLE else ""
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
    kind = plan.spec.ablation
    if kind is AblationKind.ZERO:
        return [*before, f"z[:, {at}, head] = 0"]
    if kind is AblationKind.MEAN_ACROSS_HEADS:
        mean = "z.mean(dim=2)" if at == ":" else f"z.mean(dim=2)[:, {at}]"
        return [*before, f"z[:, {at}, head] = {mean}"]
    if kind is AblationKind.RESAMPLE:
        return [*before, f"z[:, {at}, head] = corrupted_z[layer, {at}, head]"]
    later = [f"z[:, {at}, head] = other_mean[layer, head]"] if plan.touches_later else []
    first = ["z[:, 0, head] = first_mean[layer, head]"] if plan.touches_first else []
    return [*before, *later, *first] if later else first
