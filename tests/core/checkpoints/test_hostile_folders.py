"""Folders made to take all memory, to hang, to run code, or to have other files read."""

import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import save_file
from support import checkpoints
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from core import load_model
from core.checkpoints import memory, skeleton, this_thread
from core.checkpoints.config_json import cleaned
from core.checkpoints.files import shards, weight_files
from core.checkpoints.fingerprint import fingerprint, local_fingerprint, stamp_of
from core.checkpoints.staging import staged
from core.circuits.measure_scores import measure_scores_without
from core.errors import Cancelled, InputError, ModelError
from core.progress import run_to_end
from core.results.findings import findings
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec
from core.sweep.sweep import run_sweep
from core.sweep.task import SweepTask

QUICK = 20.0
"""Seconds in which a refusal comes, on a machine that does much else."""


@pytest.fixture
def folder(checkpoint, tmp_path):
    def made(family="gpt2"):
        shutil.copytree(checkpoint(family), tmp_path / family)
        return tmp_path / family

    return made


def change(folder, file="config.json", **changes):
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refused(folder) -> str:
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        load_model(str(folder), device="cpu", weights="raw")
    assert time.monotonic() - began < QUICK
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 1_000
    assert "/headsweep-" not in message  # where it is loaded from is nobody's business
    return message


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_layer": 1_000_000}, "n_layer is 1000000, at most 100,000"),
        ({"n_layer": 90_000}, "90,000 layers, and they have 3"),
        ({"n_embd": 40_000}, "do not fit its config.json"),
        ({"vocab_size": 10**9}, "do not fit its config.json"),
        ({"n_inner": 10**9}, "do not fit its config.json"),
        ({"n_positions": 10**9}, "do not fit its config.json"),
        ({"n_head": 0}, "n_head is 0, not a whole number from 1"),
        ({"n_positions": -1}, "n_positions is -1, not a whole number from 1"),
        ({"n_embd": 1.5}, "n_embd is 1.5, not a whole number"),
        ({"n_layer": True}, "n_layer is true or false, not a whole number"),
        ({"n_layer": {}}, "n_layer is an object"),
        ({"layer_norm_epsilon": float("nan")}, "layer_norm_epsilon is no number"),
        ({"layer_norm_epsilon": "a"}, "could not be loaded"),
        ({"eos_token_id": 10**15}, "eos_token_id is 1000000000000000"),
        ({"architectures": [5]}, "architectures[0] is 5, not text"),
        ({"model_type": {}}, "model_type is an object, not text"),
        ({"model_type": ["gpt2"]}, "model_type is a list, not text"),
        ({"other": nested(500)}, "cannot be read"),
        ({"other": 10**3_000}, "at most"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_config_that_asks_for_too_much_or_nonsense_is_one_sentence(folder, changes, said):
    own = folder()
    change(own, **changes)
    assert said in refused(own)


HALF, ORDERS = "\ud800x", "\x1b[31mX\u202e"
"""Half of a character, and what a terminal and a browser obey."""


@pytest.mark.parametrize("text", [HALF, ORDERS], ids=ascii)
@pytest.mark.parametrize(
    "changes",
    [lambda text: {"architectures": [text]}, lambda text: {"model_type": text},
     lambda text: {"activation_function": text}, lambda text: {"n_head": text},
     lambda text: {f"{text}_layer": 10**9}, lambda text: {"quantization_config": text}],
    ids=["architectures", "kind", "activation", "size", "key", "quantised"],
)  # fmt: skip
@pytest.mark.slow
def test_what_a_config_says_is_shown_and_never_obeyed(folder, changes, text):
    own = folder()
    change(own, **changes(text))
    assert refused(own).isprintable()


@pytest.mark.parametrize("text", [HALF, ORDERS], ids=ascii)
def test_an_error_is_printable_whatever_it_quotes(text):
    error = ModelError(f"{text} and \u202fspaces\u00a0stay")
    assert str(error) == ascii(text)[1:-1] + " and \u202fspaces\u00a0stay"
    assert str(InputError("model", str(error))) == str(error)


@pytest.mark.slow
def test_a_config_nested_beyond_what_python_reads(folder):
    own = folder()
    (own / "config.json").write_text("[" * 100_000)
    assert "cannot be read" in refused(own)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [
    {"num_hidden_layers": 1_000_000},
    {"num_attention_heads": 1_000_000},
    {"num_key_value_heads": 3},
    {"head_dim": 10**9},
    {"hidden_size": 40_000},
    {"intermediate_size": 10**12},
])  # fmt: skip
def test_another_familys_bombs(folder, changes):
    own = folder("llama")
    change(own, **changes)
    refused(own)


@pytest.mark.slow
def test_lists_of_layers_written_short_are_counted(folder):
    own = folder("gpt-neo")
    change(own, attention_types=[[["global", "local"], 10**9]])
    assert "attention_types is 1000000000" in refused(own)


@pytest.mark.slow
def test_what_names_code_a_kernel_or_labels_is_dropped_and_changes_nothing(folder, loaded):
    own = folder()
    change(
        own,
        num_labels=10**9,
        _num_labels=10**9,
        _attn_implementation="kernels-community/flash-attn",
        attn_implementation="somebody/kernel",
        _attn_implementation_internal="somebody/kernel",
        auto_map={"AutoModelForCausalLM": "evil.Model"},
        fusion_config={"a": 1},
        transformers_weights="../elsewhere.safetensors",
        use_kernels=True,
        return_dict=False,
        use_return_dict=False,
        output_attentions=True,
        output_hidden_states=True,
        torchscript=True,
    )
    (own / "evil.py").write_text("raise SystemExit('code was run')")
    (own / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": "somebody/else", "peft_type": "LORA"})
    )
    (own / "generation_config.json").write_text('{"custom_generate": "somebody/else"}')
    model = load_model(str(own), device="cpu", weights="raw")
    assert model.bridge.original_model.config._attn_implementation == "eager"
    one, other = (
        run_sweep(each, SweepSpec(each.name, checkpoints.TEXT, " jumps", weights="raw"))
        for each in (model, loaded("gpt2", "raw"))
    )
    assert one.values("kl") == pytest.approx(other.values("kl"), abs=1e-6)


def test_nested_parts_are_cleaned_too():
    given = {"text_config": {"auto_map": {}, "n_layer": 2}, "parts": [{"use_kernels": True}]}
    assert cleaned(given) == {"text_config": {"n_layer": 2}, "parts": [{}]}


@pytest.mark.slow
def test_a_model_that_memory_has_no_room_for_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr(skeleton, "free_bytes", lambda device: 10_000)
    assert "does not fit into memory here: it takes 0.0 GB" in refused(folder())


def test_free_memory_is_a_number_that_the_system_says():
    free = memory.free_bytes("cpu")
    assert free is None or 0 < free < 2**50


@pytest.mark.slow
def test_building_ends_at_its_bound_and_can_be_given_up(folder, monkeypatch):
    own = folder()
    monkeypatch.setattr(skeleton, "_SOME_MODULES", 10)
    monkeypatch.setattr(skeleton, "_MODULES_PER_TENSOR", 0)
    assert "more than 10 parts" in refused(own)
    monkeypatch.undo()
    monkeypatch.setattr(skeleton, "_REPORT_EVERY", 10)
    told = []

    def stop(what, fraction):
        told.append(what)
        if len(told) > 1:  # after the first, which comes before anything is built
            raise Cancelled

    with pytest.raises(Cancelled):
        load_model(str(own), device="cpu", weights="raw", progress=stop)
    assert len(told) == 2
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.slow
def test_a_load_that_takes_long_keeps_no_other_from_loading(folder, monkeypatch):
    """One is held while it reads its weights; the other comes and goes meanwhile."""
    from transformers import GPT2LMHeadModel

    read, reached, let_go = GPT2LMHeadModel._load_pretrained_model, *_events(2)

    def held(model, *args, **kwargs):
        if threading.current_thread().name == "held":
            reached.set()
            assert let_go.wait(60)
        return read(model, *args, **kwargs)

    monkeypatch.setattr(GPT2LMHeadModel, "_load_pretrained_model", staticmethod(held))
    own, found = str(folder()), []
    first = threading.Thread(
        target=lambda: found.append(load_model(own, device="cpu", weights="raw")), name="held"
    )
    first.start()
    assert reached.wait(60)
    assert load_model(own, device="cpu", weights="raw", dtype="bfloat16").n_layers == 3
    assert not found
    let_go.set()
    first.join(60)
    assert found[0].bridge.original_model.dtype is torch.float32


def _events(count):
    return (threading.Event() for _ in range(count))


# Which files are read.


def index_of(folder, *names):
    """An index of files of these names in the place of the weights, beside a decoy."""
    (folder / "model.safetensors").rename(folder / "decoy.safetensors")
    weight_map = {f"tensor.{i}": name for i, name in enumerate(names)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["weights.bin", "../elsewhere.safetensors", "/tmp/x.safetensors", "a/b.safetensors",
     "..\\x.safetensors", "", "\ud800.safetensors", 5, None],
)  # fmt: skip
def test_an_index_names_safetensors_beside_it_and_nothing_else(folder, name):
    own = folder()
    save_file({}, own.parent / "elsewhere.safetensors")
    torch.save({}, own / "weights.bin")
    index_of(own, name)
    assert "names something else than safetensors files beside it" in refused(own)
    assert shards(own / "model.safetensors.index.json") == set()


@pytest.mark.slow
def test_an_index_whose_file_is_missing_is_said(folder):
    own = folder()
    index_of(own, "model-1.safetensors")
    assert "lacks model-1.safetensors, which its index" not in refused(own)
    assert "lacks model-1.safetensors" in refused(own)


@pytest.mark.slow
def test_whatever_is_read_is_in_the_fingerprint(folder):
    own = folder()
    for name in ("adapter_config.json", "notes.json"):
        (own / name).write_text("{}")
    (own / "code.py").write_text("")
    (own / "other.bin").write_bytes(b"")
    before = fingerprint(own)
    with staged(own, json.loads((own / "config.json").read_text())) as read:
        names = sorted(path.name for path in read.iterdir())
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(names)
        assert not {"adapter_config.json", "code.py", "other.bin"} & set(names)
    for name in names:
        kept = (own / name).read_bytes()
        (own / name).write_bytes(kept + b" ")
        assert fingerprint(own) != before, name
        (own / name).write_bytes(kept)
    assert not read.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "model.safetensors", "tokenizer_config.json",
             "vocab.json", "model.safetensors.index.json"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["pipe", "dangling", "device", "folder"])
def test_what_is_no_file_is_a_sentence_and_never_a_hang(folder, name, kind):
    own = folder()
    (own / name).unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(own / name)
        case "dangling":
            (own / name).symlink_to(own / "nothing")
        case "device":
            (own / name).symlink_to("/dev/zero")
        case "folder":
            (own / name).mkdir()
    assert f"holds {name}, which is no file" in refused(own)
    assert local_fingerprint(str(own)) is not None
    assert stamp_of(own)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.slow
def test_odd_things_beside_a_model_are_left_alone(folder):
    own = folder()
    os.mkfifo(own / "pipe.json")
    (own / "dangling.json").symlink_to(own / "nothing")
    (own / "zero.txt").symlink_to("/dev/zero")
    (own / os.fsdecode(b"\xff\xfe.json")).write_text("{}")
    (own / "line\nbreak.json").write_text("{}")
    model = load_model(str(own), device="cpu", weights="raw")
    assert model.fingerprint == local_fingerprint(str(own))
    before = stamp_of(own)
    (own / "tokenizer.json").touch()
    assert stamp_of(own) != before  # a link to nothing does not keep a change from being seen


@pytest.mark.slow
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors.index.json"])
def test_what_is_no_utf_8_is_a_sentence(folder, name):
    own = folder()
    if "index" in name:
        (own / "model.safetensors").unlink()
    (own / name).write_bytes(b"\xff\xfe\x00{")
    refused(own)


def test_a_single_file_goes_before_an_index(checkpoint):
    (only,) = weight_files(checkpoint("gpt2"))
    assert only.name == "model.safetensors"


# Tokenizers: what core/prompts/test_guard.py tries on texts, at the door.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change_of", "said"),
    [
        (lambda t: t.update(normalizer=json.loads(
            normalizers.Sequence([normalizers.Replace("a", "a" * 10)] * 9).__getstate__())),
         "1,000,000,000 times as long"),
        (lambda t: t.update(normalizer={"type": "Telepathy"}), "unknown kind"),
        (lambda t: t.update(pre_tokenizer={"type": "Split", "pattern": {"Regex": "("},
                                           "behavior": "Isolated", "invert": False}), "could not"),
        (lambda t: t.update(model=5), "could not be loaded"),
    ],
    ids=["replaces", "unknown", "no-expression", "no-model"],
)  # fmt: skip
def test_a_tokenizer_that_cannot_be_used_is_refused_on_loading(folder, change_of, said):
    own = folder()
    written = json.loads((own / "tokenizer.json").read_text())
    change_of(written)
    (own / "tokenizer.json").write_text(json.dumps(written))
    assert said in refused(own)


@pytest.mark.slow
def test_a_model_whose_tokenizer_panics_loads_and_its_sweep_is_a_sentence(folder):
    own = folder()
    written = json.loads((own / "tokenizer.json").read_text())
    written["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": r"(a+)+b|(a|aa)+$|(.*a){25}b"},
             "behavior": "Isolated", "invert": False},
            written["pre_tokenizer"],
        ],
    }  # fmt: skip
    (own / "tokenizer.json").write_text(json.dumps(written))
    model = load_model(str(own), device="cpu", weights="raw")
    with pytest.raises(InputError, match="cannot read the prompt: Onig"):
        run_sweep(model, SweepSpec(str(own), "a" * 30, " jumps", weights="raw"))
    result = run_sweep(model, SweepSpec(str(own), "The quick", " brown", weights="raw"))
    assert len(result.heads) == model.n_all_heads


@pytest.mark.slow
def test_a_tokenizer_without_an_unknown_token_leaves_out_what_it_cannot_read(folder):
    own, read = folder(), (DEFAULT[2], DEFAULT[5], DEFAULT[-1])
    words = sorted({word for text in read for word in text.split()})
    more = [chr(0x4E00 + i) for i in range(40)]
    ids = {word: i for i, word in enumerate(["<|endoftext|>", "a", *words, *more])}
    bare = Tokenizer(models.WordLevel(ids))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    bare.save(str(own / "tokenizer.json"))
    model = load_model(str(own), device="cpu", weights="raw")

    def swept(prompt, **options):
        return run_sweep(model, SweepSpec(str(own), prompt, "a", weights="raw", **options))

    with pytest.raises(InputError, match=r"cannot read the prompt: .*\[UNK\]"):
        swept("zebra")
    with pytest.raises(InputError, match="Reference prompt 2"):
        swept("a", ablation="mean", reference=("a jar", "zebra"))
    result = swept("Copper conducts heat", ablation="mean")
    assert result.spec.reference == read
    assert result.values("kl") == pytest.approx(
        swept("Copper conducts heat", ablation="mean", reference=read).values("kl")
    )
    assert any(
        "3 of the 64 default reference sentences" in caveat and "left out" in caveat
        for caveat in findings(result).caveats
    )
    settled = SweepTask(SweepSpec(str(own), "a", "a", ablation="mean")).resolved(model)
    assert settled.spec.reference == read
    scores = run_to_end(measure_scores_without(model, Head(0, 0), AblationKind.MEAN))
    assert scores is not None


@pytest.mark.slow
def test_reading_the_weights_can_be_given_up(folder, monkeypatch):
    from transformers import GPT2LMHeadModel

    read, reading, asked = GPT2LMHeadModel._load_pretrained_model, [], []

    def noted(model, *args, **kwargs):
        reading.append(True)
        return read(model, *args, **kwargs)

    def stop(what, fraction):
        if reading:
            asked.append(what)
            if len(asked) == 3:  # some tensors are in
                raise Cancelled

    monkeypatch.setattr(GPT2LMHeadModel, "_load_pretrained_model", staticmethod(noted))
    monkeypatch.setattr(this_thread, "_EVERY", 0.0)
    with pytest.raises(Cancelled):
        load_model(str(folder()), device="cpu", weights="raw", progress=stop)
    assert len(asked) == 3


@pytest.mark.slow
def test_while_a_bfloat16_model_is_made_other_threads_make_float32(folder):
    elsewhere, here = [], []

    def look(module, name, submodule):
        with ThreadPoolExecutor(1) as other:
            elsewhere.append(other.submit(lambda: torch.zeros(1).dtype).result())
        here.append(torch.zeros(1).dtype)

    hook = torch.nn.modules.module.register_module_module_registration_hook(look)
    try:
        model = load_model(str(folder()), device="cpu", weights="raw", dtype="bfloat16")
    finally:
        hook.remove()
    assert model.bridge.original_model.dtype is torch.bfloat16
    assert set(elsewhere) == {torch.float32}
    assert torch.bfloat16 in here


def test_a_default_type_is_for_what_has_none_of_its_own():
    with this_thread.DefaultDtype(torch.bfloat16):
        assert torch.zeros(2).dtype is torch.bfloat16
        assert torch.tensor(0.5).dtype is torch.arange(0, 1, 0.5).dtype is torch.bfloat16
        assert torch.zeros(2, dtype=torch.float64).dtype is torch.float64
        assert torch.arange(3).dtype is torch.int64
        assert torch.ones(2, dtype=torch.bool).dtype is torch.bool
        assert torch.nn.Linear(2, 2).weight.dtype is torch.bfloat16
    assert torch.zeros(2).dtype is torch.float32
