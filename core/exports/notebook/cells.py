"""The code cells of a run's notebook: only what this run needs, as one would write it by hand.

Everything that was typed goes through `core.exports.notebook.literals`; the rest is fixed text.
"""

from core.exports.notebook.literals import assignment, literal
from core.exports.notebook.plan import Plan
from core.results.metrics import PROB
from core.spec.ablation import Needs


def parameters(plan: Plan) -> str:
    """What was asked, as plain data."""
    spec = plan.spec
    lines = [] if plan.home == "embedded" else [assignment("MODEL", plan.source)]
    lines += [assignment("PROMPT", spec.prompt), assignment("TARGET", spec.target)]
    if spec.foil is not None:
        lines.append(assignment("FOIL", spec.foil))
    if spec.corrupted_prompt is not None:
        lines.append(assignment("CORRUPTED_PROMPT", spec.corrupted_prompt))
    if spec.ablation.traits.needs is Needs.REFERENCE:
        reference = spec.resolved(prepend_bos=bool(spec.prepend_bos)).reference
        lines.append(assignment("REFERENCE", reference))
    if isinstance(spec.positions, tuple):
        lines.append(assignment("POSITIONS", spec.positions))
    return "\n".join(lines)


_FIND_EMBEDDED = '''\
import importlib.util
import os
from pathlib import Path


def embedded_model():
    """The folder of the model that ships with Headsweep."""
    places = [Path("demo-model")]
    if "DEMO_MODEL_FOLDER" in os.environ:
        places.insert(0, Path(os.environ["DEMO_MODEL_FOLDER"]))
    package = importlib.util.find_spec("core")  # finds an installed Headsweep, runs nothing of it
    if package is not None:
        places += [Path(p) / "demo" / "model" for p in package.submodule_search_locations or []]
    for place in places:
        if (place / "config.json").is_file():
            return place
    raise FileNotFoundError(
        "Headsweep's embedded model is not here: copy its folder core/demo/model beside this "
        "notebook, under the name demo-model, or set DEMO_MODEL_FOLDER to where it is."
    )


folder = embedded_model()
'''

_FIND_FOLDER = """\
from pathlib import Path

folder = Path(MODEL).expanduser()
"""

_CHECK_FOLDER = '''\
import hashlib


def fingerprint(folder):
    """A digest of what determines a checkpoint's numbers: config, weights, tokenizer."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        kept = path.suffix in {".safetensors", ".json", ".txt", ".model"}
        if kept and path.name not in {"metrics.json", "generation_config.json"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


if fingerprint(folder) == FINGERPRINT:
    print("This folder holds the model of the run.")
else:
    print("CAUTION: this folder holds another model than the run's, or another tokenizer.")
    print("Its fingerprint is", fingerprint(folder), "and the run's is", FINGERPRINT)
'''


def folder(plan: Plan) -> str | None:
    """Find a local model's folder, and say whether it is the run's; None for a hub's model."""
    if plan.home == "hub":
        return None
    find = _FIND_EMBEDDED if plan.home == "embedded" else _FIND_FOLDER
    known = assignment("FINGERPRINT", plan.result.provenance.model_fingerprint)
    check = _CHECK_FOLDER.replace("import hashlib\n", "", 1).lstrip("\n")
    return f"import hashlib\n{find}{known}\n\n\n{check}".rstrip("\n")


_DEVICES = {
    "cuda": '"cuda" if torch.cuda.is_available() else "cpu"',
    "mps": '"mps" if torch.backends.mps.is_available() else "cpu"',
}


def load(plan: Plan) -> str:
    """Boot the model as the run did."""
    device = _DEVICES.get(plan.result.provenance.device, '"cpu"')
    source = "MODEL" if plan.home == "hub" else "str(folder)"
    lines = [
        "import torch",
        "from transformer_lens.model_bridge import TransformerBridge",
        "",
        f"device = {device}",
        "model = TransformerBridge.boot_transformers(",
        f"    {source}, device=device, dtype=torch.{plan.spec.dtype}",
        ")",
    ]
    if plan.spec.weights == "processed":
        lines += [
            "# As HookedTransformer did: folds norms, and value biases where there are any, and",
            "# under LayerNorm, not under RMSNorm, centres the weights that write.",
            "model.enable_compatibility_mode(disable_warnings=True)",
        ]
    lines += [
        "n_layers, n_heads = model.cfg.n_layers, model.cfg.n_heads",
        'print(f"{n_layers} layers of {n_heads} heads")',
    ]
    return "\n".join(lines)


def tokens(plan: Plan) -> str:
    """Token ids of the prompt and the answers, and the sequence that is run."""
    bos = "model.tokenizer.bos_token_id, " if plan.spec.prepend_bos else ""
    prompt_ids = f"[{bos}*ids(PROMPT)]" if bos else "ids(PROMPT)"
    lines = [
        "def ids(text):",
        '    """Token ids of a text, with no special tokens added."""',
        '    return model.tokenizer(text, add_special_tokens=False)["input_ids"]',
        "",
        "",
        f"prompt_ids = {prompt_ids}" + ("  # BOS is position 0" if bos else ""),
        f"assert len(prompt_ids) == {plan.n_prompt}, "
        '"this tokenizer splits the prompt in another way"',
        "last = len(prompt_ids) - 1  # what is predicted here is the answer",
        *_answer_ids("target", plan.target, len(plan.result.target_tokens)),
    ]
    if plan.foil is not None:
        lines += _answer_ids("foil", plan.foil, len(plan.result.foil_tokens))
    lines += ["", *_sequence("tokens", "target", teacher_forced=plan.target == "sequence")]
    if plan.foil_has_pass:
        lines += _sequence("foil_tokens", "foil", teacher_forced=True)
    return "\n".join((*lines, "print([model.tokenizer.decode([i]) for i in tokens[0].tolist()])"))


def _answer_ids(name: str, form: str, count: int) -> list[str]:
    if form == "token":
        return [f"[{name}_id] = ids({name.upper()})"]
    if form == "set":
        return [
            f"{name}_ids = [i for text in {name.upper()} for i in ids(text)]  "
            "# their probabilities are added",
            f"assert len({name}_ids) == len({name.upper()})",
        ]
    return [f"{name}_ids = ids({name.upper()})", f"assert len({name}_ids) == {count}"]


def _sequence(name: str, answer: str, *, teacher_forced: bool) -> list[str]:
    if not teacher_forced:
        return [f"{name} = torch.tensor([prompt_ids], device=device)"]
    return [
        f"# Teacher-forced: each token of the {answer} is predicted with those before it in place.",
        f"{name} = torch.tensor([prompt_ids + {answer}_ids[:-1]], device=device)",
    ]


_HEATMAP = """\
grid = heads.pivot(index="layer", columns="head", values={field}){scaled}
try:
    import plotly.graph_objects as go
except ImportError:  # without Plotly: the same numbers as a table
    figure = grid.round({digits})
else:
    limit = grid.abs().max(axis=None) or 1
    figure = go.Figure(
        go.Heatmap(
            z=grid.to_numpy(),
            colorscale="RdBu",  # red took away, blue added
            zmin=-limit,
            zmax=limit,
            colorbar={{"title": {unit}}},
            hovertemplate="L%{{y}}H%{{x}}: %{{z:.2f}} " + {unit} + "<extra></extra>",
        )
    )
    figure.update_layout(
        title={title},
        xaxis={{"title": "head", "dtick": 1}},
        yaxis={{"title": "layer", "dtick": 1, "autorange": "reversed"}},
    )
figure"""


def heatmap(plan: Plan) -> str:
    """Layers down, heads across, in the metric that the run opens on."""
    metric = plan.shown
    unit = "percentage points" if metric is PROB else metric.unit
    return _HEATMAP.format(
        field=literal(metric.field),
        scaled="" if metric.factor == 1 else f" * {metric.factor:.0f}",
        digits=metric.digits,
        unit=literal(unit),
        title=literal(f"{metric.title}, {unit}"),
    )
