"""Trains the embedded model from nothing: `python -m core.demo.train`.

Next-token prediction on the mixture of `corpus.py`, nothing else: no attention pattern is ever a
target.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from transformers import GPTNeoXForCausalLM

from core.demo.corpus import CLOSING_MIXTURE, MIXTURE, OPENING_MIXTURE, Corpus
from core.demo.measure import load, task_figures
from core.demo.objective import batch, next_token_loss, stacked
from core.demo.recipe import (
    CONTEXT,
    MODEL_FOLDER,
    Recipe,
    Stage,
    build_model,
    closing_stage,
    main_learning_rate,
    main_stage,
    opening_stage,
    warm_restart,
)
from core.demo.story import measure
from core.demo.tokenizer import train_tokenizer

REPORT_EVERY = 100


def parameter_groups(model: GPTNeoXForCausalLM, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups for the optimizer: weight decay for matrices, none for biases and norms."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def opening(step_loss: Callable[[Stage, float], float], recipe: Recipe) -> Iterator[float]:
    """Train on few words until the loss shows that induction has formed, then on more and more."""
    recent: list[float] = []
    for step in range(recipe.opening_steps_at_most):
        warm = min(1.0, (step + 1) / 50)
        loss = step_loss(opening_stage(0.0, recipe), warm * recipe.opening_learning_rate)
        yield loss
        recent = [*recent[-19:], loss]
        if sum(recent) / 20 < recipe.opening_loss and len(recent) == 20:
            break
    for step in range(recipe.growth_steps):
        now = opening_stage((step + 1) / recipe.growth_steps, recipe)
        yield step_loss(now, recipe.opening_learning_rate)


def stepper(
    model: GPTNeoXForCausalLM,
    corpus: Corpus,
    recipe: Recipe,
    rng: random.Random,
    smoothing: float = 0.0,
) -> Callable[[Stage, float], float]:
    """A function (stage, learning rate) -> loss in nats, which does one training step."""
    optimizer = torch.optim.AdamW(
        parameter_groups(model, recipe.weight_decay), betas=(0.9, 0.98), fused=True
    )
    model.train()

    def step_loss(now: Stage, learning_rate: float) -> float:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        ids, targets = batch(corpus, now, recipe, rng)
        among = torch.tensor(corpus.words(now.n_words)) if now.n_words else None
        loss = next_token_loss(model, ids, targets, among, smoothing)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step_loss


def train(model: GPTNeoXForCausalLM, corpus: Corpus, recipe: Recipe) -> Iterator[float]:
    """Train the opening and main parts, in place; yields each step's loss in nats."""
    rng = random.Random(recipe.seed + 1)
    step_loss = stepper(model, corpus, recipe, rng)
    yield from opening(step_loss, recipe)
    for step in range(recipe.main_steps):
        yield step_loss(main_stage(rng), main_learning_rate(step, recipe))


def train_closing(model: GPTNeoXForCausalLM, corpus: Corpus, recipe: Recipe) -> Iterator[float]:
    """Train the closing part, in place, with more of what is learned last."""
    yield from _restarted(
        model, corpus, recipe, recipe.seed + 2, recipe.closing_steps, recipe.learning_rate, 0.0
    )


def train_soft(model: GPTNeoXForCausalLM, corpus: Corpus, recipe: Recipe) -> Iterator[float]:
    """Train the last part, in place, with label smoothing (Szegedy et al. 2016, arXiv:1512.00567).

    Without it the model is so sure of a repeated word that any three of its four induction heads
    keep the answer above 97 %. Ablating one of them then shows nothing.
    """
    yield from _restarted(
        model,
        corpus,
        recipe,
        recipe.soft_seed + 2,
        recipe.soft_steps,
        recipe.soft_learning_rate,
        recipe.soft_smoothing,
    )


def _restarted(
    model: GPTNeoXForCausalLM,
    corpus: Corpus,
    recipe: Recipe,
    seed: int,
    steps: int,
    rate: float,
    smoothing: float,
) -> Iterator[float]:
    """Train on the closing mixture with new seeds and a new optimizer.

    So the part can be run alone.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    step_loss = stepper(model, corpus, recipe, rng, smoothing)
    for step in range(steps):
        yield step_loss(closing_stage(rng), warm_restart(step, steps, rate))


@torch.no_grad()
def loss_by_kind(model: GPTNeoXForCausalLM, corpus: Corpus) -> str:
    """The loss on a few new rows of each kind, for the progress report."""
    losses = {kind: next_token_loss(model, *stacked(corpus.rows(kind, 6, 112))) for kind in MIXTURE}
    return ", ".join(f"{kind} {loss.item():.2f}" for kind, loss in losses.items())


def watched(
    losses: Iterator[float],
    steps: int,
    model: GPTNeoXForCausalLM,
    corpus: Corpus | None,
    save: Callable[[int], None],
) -> None:
    """Run the training with a progress bar; with a corpus, also report the loss by kind.

    A report every `REPORT_EVERY` steps draws rows from the corpus, so it affects later rows: the
    same seed gives the same weights only with the same reports.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    recent: list[float] = []
    with Progress(*columns) as progress:
        task = progress.add_task("training", total=steps)
        for step, loss in enumerate(losses, start=1):
            recent = [*recent[-49:], loss]
            progress.update(task, advance=1, description=f"loss {sum(recent) / len(recent):.3f}")
            if step % REPORT_EVERY == 0 and corpus is not None:
                progress.console.print(
                    f"step {step}: {sum(recent) / len(recent):.2f}; {loss_by_kind(model, corpus)}"
                )
                save(step)


def write_metrics(folder: Path, recipe: Recipe, seconds: float) -> None:
    """Measure the weights in `folder` and write `metrics.json` beside them."""
    embedded = load(folder)
    metrics = {
        "tasks": task_figures(embedded),
        "heads": measure(embedded),
        "recipe": asdict(recipe),
        "opening_mixture": OPENING_MIXTURE,
        "mixture": MIXTURE,
        "closing_mixture": CLOSING_MIXTURE,
        "seconds": round(seconds),
        "threads": torch.get_num_threads(),
        "parameters": sum(p.numel() for p in embedded.model.parameters()),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "transformers", "tokenizers", "numpy")},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")


def parse_options() -> tuple[Path, Recipe]:
    """The output folder and the recipe from the command line; every field of it is an option."""
    parser = argparse.ArgumentParser(prog="python -m core.demo.train", description=__doc__)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER, help="folder to write")
    for field in fields(Recipe):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    return options.pop("out"), Recipe(**options)


def main() -> None:
    """Train the model, save it in the folder, measure it and write `metrics.json` there."""
    out, recipe = parse_options()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(recipe.seed)
    started = time.perf_counter()
    tokenizer = train_tokenizer(CONTEXT)
    model = build_model(recipe, len(tokenizer), tokenizer.bos_token_id)

    def save(_: int) -> None:  # an interrupted run leaves the last report's weights
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)

    corpus = Corpus(tokenizer, recipe.seed)
    at_most = recipe.opening_steps_at_most + recipe.growth_steps + recipe.main_steps
    watched(train(model, corpus, recipe), at_most, model, corpus, save)
    corpus = Corpus(tokenizer, recipe.seed + 2)
    watched(train_closing(model, corpus, recipe), recipe.closing_steps, model, None, save)
    corpus = Corpus(tokenizer, recipe.soft_seed + 2)
    watched(train_soft(model, corpus, recipe), recipe.soft_steps, model, None, save)
    seconds = time.perf_counter() - started
    save(0)
    write_metrics(out, recipe, seconds)
    Console().print(f"wrote {out} after {seconds:.0f} seconds of training")


if __name__ == "__main__":
    main()
