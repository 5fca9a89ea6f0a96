"""How the cost of a head grows with the prompt, the layers and the heads: `make growth`.

Writes benchmarks/growth.json and docs/growth-light.png, docs/growth-dark.png (the README's
figure). Each point is a median of `run_sweep` over its number of heads; the notebook's loop is
measured beside it on a few heads. Random weights of GPT-2's wiring, d_head 64.
"""

import argparse
import json
import math
import statistics
import sys
from pathlib import Path

import torch
from shapes import ROOT, clock, gpt2, machine_rate, notebook_loop, prompt_of, saved

from components.figures.base.look import Look
from core import SweepSpec, load_model, run_sweep
from core.engine.oracle import load_oracle
from core.spec.heads import all_heads

TOKENS = (8, 16, 32, 64, 128, 256)
LAYERS = (3, 6, 12, 24)
HEADS = (4, 8, 12, 16, 20)
AT = 32
"""Tokens where layers or heads vary."""
LOOP_HEADS = 6
RESULTS = Path(__file__).parent / "growth.json"
PANELS = (
    ("tokens", "prompt, tokens (12 layers × 12 heads)"),
    ("layers", f"layers (12 heads each, {AT} tokens)"),
    ("heads", f"heads a layer (12 layers, {AT} tokens)"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draw", action="store_true", help="the figure from growth.json alone")
    if not parser.parse_args().draw:
        RESULTS.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    draw(json.loads(RESULTS.read_text(encoding="utf-8")))
    return 0


def measure() -> dict:
    rate = machine_rate()
    found = {"threads": torch.get_num_threads(), "gflop_per_second": round(rate), "points": []}
    with saved(gpt2()) as folder:
        for n_tokens in TOKENS:
            found["points"].append(point("tokens", n_tokens, folder, n_tokens))
    for n_layers in LAYERS:
        with saved(gpt2(n_layers=n_layers)) as folder:
            found["points"].append(point("layers", n_layers, folder, AT))
    for n_heads in HEADS:
        with saved(gpt2(n_heads=n_heads)) as folder:
            found["points"].append(point("heads", n_heads, folder, AT))
    return found


def point(varied: str, value: int, folder: Path, n_tokens: int) -> dict:
    model, bridge = load_model(str(folder), device="cpu"), load_oracle(folder)
    spec = SweepSpec(model.name, prompt_of(n_tokens - 1), " jumps", prepend_bos=True)
    heads = all_heads(model.n_layers, model.n_heads)
    some = heads[:: max(1, len(heads) // LOOP_HEADS)][:LOOP_HEADS]
    loop = notebook_loop(bridge, model, spec, some)
    run_sweep(model, spec)
    loop()
    sweeps, loops = [], []
    for _ in range(3):
        sweeps.append(clock(lambda: run_sweep(model, spec)))
        loops.append(clock(loop))
    done = {
        "varied": varied,
        "value": value,
        "heads": len(heads),
        "sweep_ms_per_head": round(1000 * statistics.median(sweeps) / len(heads), 3),
        "loop_ms_per_head": round(1000 * statistics.median(loops) / len(some), 3),
    }
    print(done, flush=True)
    return done


def figure(found: dict, look: Look):
    """Three panels on one logarithmic axis of milliseconds: the loop above, the sweep below."""
    from plotly.subplots import make_subplots

    fig = make_subplots(rows=1, cols=len(PANELS), shared_yaxes=True, horizontal_spacing=0.045)
    for column, (varied, title) in enumerate(PANELS, start=1):
        points = [p for p in found["points"] if p["varied"] == varied]
        x = [p["value"] for p in points]
        for name, field, colour, dash in (
            ("one pass a head", "loop_ms_per_head", look.quiet, "dot"),
            ("this sweep", "sweep_ms_per_head", look.accent, "solid"),
        ):
            y = [p[field] for p in points]
            fig.add_scatter(
                x=x,
                y=y,
                mode="lines+markers+text",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 7},
                text=[_ms(v) if i in (0, len(y) - 1) else "" for i, v in enumerate(y)],
                textposition="top center",
                textfont={"size": 12, "color": colour},
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                cliponaxis=False,
                row=1,
                col=column,
            )
        fig.update_xaxes(
            type="log",
            tickvals=x,
            ticktext=[str(v) for v in x],
            title={"text": title, "standoff": 8},
            range=[math.log10(x[0]) - 0.12, math.log10(x[-1]) + 0.12],
            row=1,
            col=column,
        )
    fig.update_xaxes(showgrid=False, linecolor=look.line, tickfont={"color": look.quiet})
    fig.update_yaxes(
        type="log",
        gridcolor=look.line,
        tickvals=[1, 10, 100, 1000],
        tickfont={"color": look.quiet},
        zeroline=False,
    )
    fig.update_yaxes(title={"text": "milliseconds a head", "standoff": 8}, row=1, col=1)
    fig.update_layout(
        template="none",
        width=1200,
        height=400,
        paper_bgcolor=look.paper,
        plot_bgcolor=look.paper,
        font={"family": "Source Sans, sans-serif", "size": 14, "color": look.ink},
        legend={"orientation": "h", "x": 0, "y": 1.14},
        margin={"l": 70, "r": 20, "t": 50, "b": 60},
    )
    return fig


def draw(found: dict) -> None:
    from support.serving import browser

    with browser() as chromium:
        for name, look in (("light", Look()), ("dark", Look(dark=True))):
            page = chromium.new_page(viewport={"width": 1200, "height": 400}, device_scale_factor=2)
            html = figure(found, look).to_html(config={"displayModeBar": False})
            page.set_content(html.replace("<body>", '<body style="margin:0">'))
            page.wait_for_selector(".js-plotly-plot .legend")
            page.locator(".js-plotly-plot").screenshot(path=ROOT / "docs" / f"growth-{name}.png")
            page.close()
            print(f"wrote docs/growth-{name}.png")


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main())
