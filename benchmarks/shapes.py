"""Random models of real shapes, and the clocks that the benchmarks measure them with.

Weights are random: no time depends on their values. A model is saved and loaded as a user's own
would be, so that what is measured is the program and not a model of it.
"""

import ctypes
import random
import statistics
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))  # first, or tests/core would hide core

from support.checkpoints import TEXT, tokenizer
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig

from core.spec.reference_set import DEFAULT

ROOT = Path(__file__).parent.parent
SEED = 0


def gpt2(n_layers: int = 12, n_heads: int = 12, d_head: int = 64) -> GPT2Config:
    return GPT2Config(n_layer=n_layers, n_head=n_heads, n_embd=n_heads * d_head)


def pythia_160m() -> GPTNeoXConfig:
    return GPTNeoXConfig(
        vocab_size=50304,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=2048,
    )


def llama_small() -> LlamaConfig:
    """Llama's wiring (gated MLP, RMSNorm, grouped queries) at GPT-2 small's width and depth."""
    return LlamaConfig(
        vocab_size=32000,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=4,
        intermediate_size=2048,
        max_position_embeddings=2048,
    )


def smollm2_135m() -> LlamaConfig:
    """SmolLM2-135M's shape: 30 layers of 9 heads."""
    return LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        intermediate_size=1536,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )


def many_words(size: int = 50257) -> Any:
    """A tokenizer with as many tokens as GPT-2's, to which the default reference set is as long."""
    drawn = random.Random(SEED)
    letters = string.ascii_lowercase
    made = ("".join(drawn.choices(letters, k=drawn.randint(3, 9))) for _ in range(size))
    known = [*[TEXT, *DEFAULT] * 50, " ".join(made)]
    return tokenizer().train_new_from_iterator(known, size)


@contextmanager
def saved(config: Any, dtype: torch.dtype = torch.float32, words: Any = None) -> Iterator[Path]:
    """A folder with a random checkpoint of this shape; `words` None: the tests' own tokenizer."""
    words = tokenizer() if words is None else words
    config.bos_token_id = config.eos_token_id = 0
    torch.manual_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        model.save_pretrained(folder)
        words.save_pretrained(folder)
        del model
        yield Path(folder)


def prompt_of(n_tokens: int) -> str:
    """A prompt of so many tokens for the checkpoints' tokenizer, BOS not counted."""
    return " fox" * n_tokens


def notebook_loop(bridge: Any, model: Any, spec: Any, heads: Sequence[Any]) -> Callable[[], None]:
    """The notebook's loop over some heads: a full pass each with its hook, autograd on as there."""
    ids = [0, *model.tokenizer(spec.prompt, add_special_tokens=False)["input_ids"]]
    tokens = torch.tensor([ids])
    where = slice(-1, None) if spec.positions == "last" else slice(None)

    def hook_of(head: int) -> Callable[..., torch.Tensor]:
        def overwrite(z: torch.Tensor, hook: object) -> torch.Tensor:
            z[:, where, head] = z.mean(dim=2)[:, where]
            return z

        return overwrite

    def loop() -> None:
        for layer, head in heads:
            hooks = [(f"blocks.{layer}.attn.hook_z", hook_of(head))]
            logits = bridge.run_with_hooks(tokens, fwd_hooks=hooks)
            logits[0, -1].softmax(0)[0].item()

    return loop


def clock(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def side_by_side(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each, taken in turn: a busy moment hits all of them alike."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(clock(work))
    return {name: statistics.median(found) for name, found in times.items()}


def machine_rate() -> float:
    """GFLOP a second of one large float32 product: what this machine can do at this moment."""
    a = torch.randn(2048, 2048)
    with torch.inference_mode():
        seconds = side_by_side(5, product=lambda: a @ a)["product"]
    return 2 * 2048**3 / seconds / 1e9


class Products(TorchDispatchMode):
    """Records every product with a weight that a piece of work does, to do them again alone."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Any, torch.Size, torch.Tensor]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        name = function.overloadpacket.__name__
        if name in {"mm", "addmm"}:
            left, right = args[-2:]
            self.found.append((torch.mm, left.shape, right))
        elif name == "linear":
            self.found.append((functional.linear, args[0].shape, args[1]))
        elif name == "_linear_pointwise":
            self.found.append((_onednn, args[0].shape, args[1]))
        return function(*args, **(kwargs or {}))

    @property
    def gflop(self) -> float:
        return sum(2 * shape.numel() * w.numel() / shape[-1] for _, shape, w in self.found) / 1e9

    def again(self) -> Callable[[], None]:
        """The same products by the same routines on random inputs, and nothing else."""
        inputs = {shape: torch.randn(shape, dtype=w.dtype) for _, shape, w in self.found}

        @torch.inference_mode()
        def run() -> None:
            for routine, shape, weight in self.found:
                routine(inputs[shape], weight)

        return run


def _onednn(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")


class Peak:
    """How far the process's memory rises during some work, in MB; None where Linux does not say."""

    def __enter__(self) -> "Peak":
        self.megabytes: float | None = None
        try:
            ctypes.CDLL(None).malloc_trim(0)  # what earlier work left over must not serve this one
            Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here on
            self._before = _status("VmRSS")
        except (OSError, AttributeError):
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            self.megabytes = (_status("VmHWM") - self._before) / 1024


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1])
