"""The cells that score one run of the model, and that sweep every head into a table."""

from core.exports.notebook.ablation import kind_code
from core.exports.notebook.literals import literal
from core.exports.notebook.plan import Form, Plan
from core.results.metrics import Metric

_RANKS = {
    "token": "(logp > logp[target_id])",
    "sequence": "(first > first[target_ids[0]])",
    "set": "(logp > logp[target_ids].max())",
}
"""How many tokens are more probable than the answer: its first token, or a set's best member."""


_FIRST = {
    "token": ("logp", "[target_id]"),
    "sequence": ("first", "target_ids[:1]"),
    "set": ("logp", "target_ids"),
}
"""The log probs where the answer's first token is read, and the ids that count there."""


def scoring(plan: Plan) -> str:
    """`score`, and the clean run's own numbers."""
    forced = plan.target == "sequence"
    read, shape = ("last:", "(answer token, vocab)") if forced else ("last", "(vocab)")
    extra = ", foil_logits" if plan.foil_has_pass else ""
    lines = [
        "def log_probs(logits):",
        f'    """Natural log probabilities where the answer is read, {shape}."""',
        f"    return logits[0, {read}].cpu().double().log_softmax(dim=-1)",
        "",
        "",
        f"def score(logits{extra}):",
        '    """A run\'s metrics; logs are natural, KL is from the clean run to this one."""',
        "    logp = log_probs(logits)",
        f"    logprob = {_logprob('target', plan.target, 'logp')}",
        "    others = (-torch.expm1(logprob)).clamp(min=torch.finfo(torch.float64).tiny)  # 1 - p",
        *(["    first = logp[0]  # the answer's first token"] if forced else []),
        *_foil(plan),
        "    return {",
        *(line for metric in plan.metrics for line in _metric(metric, plan)),
        f'        "rank": 1 + {_RANKS[plan.target]}.sum().item(),',
        "    }",
        "",
        "",
        "with torch.inference_mode():",
        "    clean_logits = model(tokens)",
        *(["    clean_foil_logits = model(foil_tokens)"] if plan.foil_has_pass else []),
        "clean = log_probs(clean_logits)",
        f"baseline = score(clean_logits{', clean_foil_logits' if extra else ''})",
        "baseline",
    ]
    return "\n".join(lines)


def _metric(metric: Metric, plan: Plan) -> list[str]:
    """One metric of a run, in the dictionary that `score` returns."""
    first, ids = _FIRST[plan.target]
    part = "part_logprob" if _compares_a_part(plan) else "logprob"
    lines = metric.notebook.format(first=first, ids=ids, part=part).splitlines()
    lines[0] = f"{literal(metric.name)}: {lines[0]}"
    return [f"        {line}" for line in (*lines[:-1], f"{lines[-1]},")]


def _logprob(name: str, form: Form, logp: str) -> str:
    """Log P(answer): of a token, of a sequence's tokens in turn, or of any member of a set."""
    if form == "token":
        return f"{logp}[{name}_id]"
    if form == "set":
        return f"{logp}[{name}_ids].logsumexp(dim=0)"
    return f"{logp}[torch.arange(len({name}_ids)), {name}_ids].sum()"


def _compares_a_part(plan: Plan) -> bool:
    """Whether the foil is compared with one token of a target of several."""
    return plan.result.parts_at is not None and plan.target == "sequence"


def _parted(plan: Plan, at: int) -> list[str]:
    """Target and foil of different lengths, at the token where they part."""
    read = f"logp[{at}]" if plan.target == "sequence" else "logp"
    if plan.foil == "sequence":
        foil = f"{read}[foil_ids[{at}]]"
    else:
        assert plan.foil is not None
        foil = _logprob("foil", plan.foil, read)
    lines = [f"    foil_logprob = {foil}"]
    if _compares_a_part(plan):
        lines.insert(0, f"    part_logprob = {read}[target_ids[{at}]]")
    return ["    # Of different lengths: compared at the token where they part.", *lines]


def _foil(plan: Plan) -> list[str]:
    if plan.foil is None:
        return []
    if plan.result.parts_at is not None:
        return _parted(plan, plan.result.parts_at)
    if plan.foil_has_pass:
        return [
            "    foil_logp = foil_logits[0, last:].cpu().double().log_softmax(dim=-1)",
            f"    foil_logprob = {_logprob('foil', plan.foil, 'foil_logp')}",
        ]
    first = "first" if plan.target == "sequence" else "logp"
    return [f"    foil_logprob = {_logprob('foil', plan.foil, first)}"]


def sweep(plan: Plan) -> str:
    """The loop over every head, into a table."""
    given = kind_code(plan).given
    call = f"ablated_logits(tokens, layer, head{f', {given}' if given else ''})"
    lines = [
        "import pandas as pd",
        "",
        "rows = []",
        "for layer in range(n_layers):",
        "    for head in range(n_heads):",
    ]
    if plan.foil_has_pass:
        own = f"ablated_logits(foil_tokens, layer, head{f', foil_{given}' if given else ''})"
        lines += [
            f"        logits = {call}",
            f"        foil_logits = {own}",
            "        now = score(logits, foil_logits)",
        ]
    else:
        lines.append(f"        now = score({call})")
    lines += [
        "        changes = {",
        '            f"{name}_change": now[name] - baseline[name]',
        f"            for name in {_changing(plan)}",
        "        }",
        '        label = f"L{layer}H{head}"',
        '        rows.append({"layer": layer, "head": head, "label": label, **now, **changes})',
        "",
        "heads = pd.DataFrame(rows)",
        f"heads.sort_values({literal(plan.shown.field)}, key=abs, ascending=False).head(10)",
    ]
    return "\n".join(lines)


def _changing(plan: Plan) -> str:
    names = [metric.name for metric in plan.metrics if metric.signed]
    return f"({', '.join(map(literal, names))})"
