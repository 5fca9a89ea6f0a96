"""Loading: by one path, checked, and every way to fail is one sentence about what was seen."""

import contextlib
import json
import logging
import re
import shutil
import struct
import sys
import threading
import warnings
from itertools import groupby
from types import SimpleNamespace
from unittest import TestCase

import pytest
import torch
from support import checkpoints

from core import load_model
from core.checkpoints import boot
from core.checkpoints.boot import quiet, wiring
from core.checkpoints.fingerprint import fingerprint
from core.checkpoints.value_shift import constant_shift, measured_shift
from core.errors import ModelError
from core.model import families
from core.spec.spec import SweepSpec
from core.sweep.sweep import run_sweep

FAMILIES = list(checkpoints.FAMILIES)


def refused(name, **options) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(str(name), device="cpu", **options)
    error = caught.value
    assert error.field == "model"
    message = str(error)
    assert "\n" not in message
    assert len(message) < 1_500  # a long name is repeated as it is
    assert message.endswith((".", ")."))
    return message


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_local_folder_becomes_a_model(loaded, checkpoint, family):
    from transformers import AutoModelForCausalLM

    model = loaded(family)
    assert model.name == str(checkpoint(family))
    own = AutoModelForCausalLM.from_pretrained(checkpoint(family))
    heads = own.config.num_attention_heads
    assert (model.n_layers, model.n_heads) == (own.config.num_hidden_layers, heads)
    assert (model.d_head, model.n_all_heads) == (8, model.n_layers * model.n_heads)
    # Bloom's positions have no end of their own: TransformerLens gives it one.
    assert model.n_ctx == checkpoints.N_CTX or own.config.model_type == "bloom"
    assert (model.device, model.dtype, model.weights) == ("cpu", "float32", "processed")
    assert model.fingerprint == fingerprint(checkpoint(family))
    assert model.n_params == own.num_parameters()
    assert 0 < model.n_block_params < model.n_params
    assert model.stack is not None
    assert model.slower_because == ""
    assert not model.bridge.training


def as_exact_as(slow, fast):
    """Whether a sweep through hooks gives the numbers of the growing pass."""
    spec = SweepSpec(slow.name, checkpoints.TEXT, " jumps", ablation="zero", weights=slow.weights)
    one, other = (run_sweep(model, spec).values("logprob_change") for model in (slow, fast))
    assert abs(one).max() > 0.01
    assert one == pytest.approx(other, abs=1e-4)


@pytest.mark.slow
def test_a_name_that_moved_in_transformers_makes_bloom_slower_and_not_unloadable(
    loaded, checkpoint, monkeypatch
):
    fast = loaded("bloom")
    from transformers.models.bloom import modeling_bloom

    # Bloom's own code goes on with it; whoever imports the name does not find it.
    moved = SimpleNamespace(**{k: v for k, v in vars(modeling_bloom).items()
                               if k != "build_alibi_tensor"})  # fmt: skip
    monkeypatch.setitem(sys.modules, "transformers.models.bloom.modeling_bloom", moved)
    with TestCase().assertLogs("core.checkpoints.loading", "WARNING") as logged:
        slow = load_model(str(checkpoint("bloom")), device="cpu")
    assert slow.stack is None
    assert "the wiring of 'bloom' could not be built (ImportError: " in slow.slower_because
    assert "build_alibi_tensor" in slow.slower_because
    assert [slow.slower_because in line for line in logged.output] == [True]
    as_exact_as(slow, fast)


def moved(error):
    """A wiring that cannot be built."""

    def fail(model):
        raise error("moved")

    return fail


@pytest.mark.parametrize("error", [ImportError, AttributeError, KeyError, ZeroDivisionError])
def test_a_wiring_that_cannot_be_built_for_any_reason_is_none(checkpoint, monkeypatch, error):
    from transformers import AutoModelForCausalLM

    own = AutoModelForCausalLM.from_pretrained(checkpoint("gpt2"))
    assert wiring(own)[0] is not None
    monkeypatch.setitem(families.FAMILIES, "gpt2", moved(error))
    stack, why = wiring(own)
    assert stack is None
    assert error.__name__ in why
    assert "moved" in why


@pytest.mark.slow
def test_without_a_wiring_the_hooks_are_left(loaded, checkpoint, monkeypatch):
    fast = loaded("gpt2", "raw")  # before its wiring is taken away: it is every other test's too
    monkeypatch.setitem(families.FAMILIES, "gpt2", moved(KeyError))
    slow = load_model(str(checkpoint("gpt2")), device="cpu", weights="raw")
    assert slow.stack is None
    assert "KeyError" in slow.slower_because
    as_exact_as(slow, fast)


@pytest.mark.slow
def test_bos_follows_transformer_lens_for_a_model_it_does_not_know(loaded):
    assert loaded("gpt2").default_prepend_bos is True
    assert loaded("neox-serial").default_prepend_bos is False


@pytest.mark.shapes
@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_shift_of_processed_weights_is_what_processing_them_does(loaded, checkpoint, family):
    model = loaded(family)
    found = measured_shift(model.name, checkpoint(family), "cpu")
    assert model.value_shift.shape == found.shape == (model.n_layers, model.n_heads, model.d_head)
    # What is below the noise of measuring it counts as 0 there.
    torch.testing.assert_close(model.value_shift, found, atol=5e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["llama", "gemma2", "mistral"])
def test_measured_without_value_biases_the_shift_is_exactly_zero(checkpoint, family):
    assert not measured_shift(family, checkpoint(family), "cpu").any()


def test_a_shift_within_rounding_is_exactly_zero():
    z = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    assert not constant_shift(z, z - 2e-7).any(), "constant, and still rounding only"
    noise = 1e-6 * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
    assert not constant_shift(z, z + noise).any()
    shift = torch.zeros(2, 3, 4)
    shift[1, 2] = 0.01
    found = constant_shift(z, z - shift[:, None] + noise)
    torch.testing.assert_close(found, shift, atol=2e-6, rtol=0)
    assert not found[shift == 0].any()
    assert constant_shift(z, 1.1 * z) is None


@pytest.mark.slow
def test_value_biases_shift_and_nothing_else_does(loaded):
    assert loaded("gpt2").value_shift.abs().max() > 0.1
    assert not loaded("llama").value_shift.any(), "no biases at all: zero is zero"
    assert not loaded("gpt2", "raw").value_shift.any()


@pytest.mark.slow
def test_a_sharded_checkpoint_loads_like_a_whole_one(loaded, checkpoint, tmp_path):
    from transformers import AutoModelForCausalLM

    shutil.copytree(checkpoint("gpt2"), tmp_path / "shards")
    (tmp_path / "shards" / "model.safetensors").unlink()
    own = AutoModelForCausalLM.from_pretrained(checkpoint("gpt2"))
    own.save_pretrained(tmp_path / "shards", max_shard_size="60KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    sharded = load_model(str(tmp_path / "shards"), device="cpu", weights="raw")
    one, other = (
        run_sweep(model, SweepSpec(model.name, checkpoints.TEXT, " jumps", weights="raw"))
        for model in (sharded, loaded("gpt2", "raw"))
    )
    assert one.values("kl") == pytest.approx(other.values("kl"), abs=1e-6)


# What is wrong with the folder -> words of the message.


def no_config(folder):
    (folder / "config.json").unlink()


def damaged_config(folder):
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text[: len(text) // 2])


def binary_config(folder):
    (folder / "config.json").write_bytes(b"\xff\xfe\x00")


def config_is_a_list(folder):
    (folder / "config.json").write_text("[]")


def no_weights(folder):
    (folder / "model.safetensors").unlink()


def pickled_weights(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def truncated_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def nearly_empty_weights(folder):
    (folder / "model.safetensors").write_bytes(b"\x00" * 5)


def huge_header(folder):
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")


def edit_weights(folder, edit):
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    edit(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def missing_tensor(folder):
    edit_weights(folder, lambda t: t.pop("transformer.h.1.attn.c_attn.weight"))


def other_shape(folder):
    edit_weights(folder, lambda t: t.update({"transformer.h.0.mlp.c_fc.bias": torch.zeros(7)}))


def nan_weights(folder):
    edit_weights(
        folder, lambda t: t["transformer.h.2.mlp.c_fc.weight"].view(-1)[3:4].fill_(torch.nan)
    )


def infinite_weights(folder):
    edit_weights(folder, lambda t: t["transformer.wte.weight"].view(-1)[3:4].fill_(torch.inf))


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def unknown_kind(folder):
    change_config(folder, model_type="telepathy")


def no_kind(folder):
    change_config(folder, model_type=None)


def remote_code(folder):
    change_config(
        folder,
        model_type="telepathy",
        auto_map={"AutoModelForCausalLM": "modeling_telepathy.Telepathy"},
    )
    # What must not happen: this file would give itself away.
    (folder / "modeling_telepathy.py").write_text("raise SystemExit('remote code was run')")


def kind_is_a_list(folder):
    change_config(folder, model_type=["gpt2"])


def architectures_are_a_number(folder):
    change_config(folder, architectures=5)


def heads_are_a_text(folder):
    change_config(folder, n_head="many")


def tokenizer_is_a_list(folder):
    (folder / "tokenizer.json").write_text("[[]]")


def no_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def damaged_tokenizer(folder):
    (folder / "tokenizer.json").write_text('{"version": "1.0"')


def more_layers_than_weights(folder):
    change_config(folder, n_layer=5)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (no_config, "no config.json"),
        (damaged_config, "config.json that cannot be read"),
        (binary_config, "config.json that cannot be read"),
        (config_is_a_list, "config.json that cannot be read"),
        (kind_is_a_list, "cannot be read (model_type is a list, not text)"),
        (architectures_are_a_number, "cannot be read (architectures is 5, not a list)"),
        (heads_are_a_text, "could not be loaded"),
        (tokenizer_is_a_list, "could not be loaded"),
        (no_weights, "no weights"),
        (pickled_weights, "pickled"),
        (truncated_weights, "damaged or cut off"),
        (nearly_empty_weights, "damaged or cut off"),
        (huge_header, "damaged or cut off"),
        (missing_tensor, "1 tensors are missing"),
        (other_shape, "another shape"),
        (nan_weights, "NaN or infinity"),
        (infinite_weights, "NaN or infinity"),
        (unknown_kind, "'telepathy'"),
        (no_kind, "unknown kind"),
        (remote_code, "program code from its authors"),
        (no_tokenizer, "no tokenizer"),
        (damaged_tokenizer, "could not be loaded"),
        (more_layers_than_weights, "tensors are missing"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_sentence(checkpoint, tmp_path, damage, said):
    folder = tmp_path / "model"
    shutil.copytree(checkpoint("gpt2"), folder)
    damage(folder)
    message = refused(folder)
    assert said in message
    assert not re.search(r"NoneType|None\b|[a-z]Error|attribute|object has|argument", message)
    assert repr(str(folder)) in message


@pytest.mark.slow
def test_remote_code_beside_a_known_kind_is_not_run(checkpoint, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(checkpoint("gpt2"), folder)
    remote_code(folder)
    change_config(folder, model_type="gpt2")
    assert load_model(str(folder), device="cpu", weights="raw").n_layers == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/no/such/folder", "no folder '/no/such/folder'"),
        ("./no-such-folder", "no folder './no-such-folder'"),
        ("~no-such-user/model", "no folder '~no-such-user/model'"),
        ("/" + "x" * 900, "no folder"),
        ("/nul\x00l", "no folder '/nul\\x00l'"),
        ("/half\ud800", "no folder '/half\\ud800'"),
    ],
)
def test_a_path_that_leads_nowhere(name, said):
    assert said in refused(name)


def test_a_file_where_a_folder_is_meant(checkpoint):
    assert "is a file" in refused(checkpoint("gpt2") / "config.json")


def test_an_unknown_name(monkeypatch):
    assert "no-such-model-anywhere" in refused("headsweep-tests/no-such-model-anywhere")


@pytest.mark.parametrize("name", ["", " ", "a b", "a\x00b", "-", "..", "a//b", "é" * 40])
def test_names_that_nothing_has(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(name)


def save(model, folder):
    torch.manual_seed(0)
    model.save_pretrained(folder)
    checkpoints.tokenizer().save_pretrained(folder)


def bert(folder, kind="BertModel"):
    import transformers

    config = transformers.BertConfig(
        vocab_size=300, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    save(getattr(transformers, kind)(config), folder)


def t5(folder):
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=300, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        decoder_start_token_id=0,
    )  # fmt: skip
    save(T5ForConditionalGeneration(config), folder)


def mamba(folder):
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(vocab_size=300, hidden_size=32, state_size=4, num_hidden_layers=2)
    save(MambaForCausalLM(config), folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (bert, "(BertModel) is not a causal language model"),
        (lambda folder: bert(folder, "BertForMaskedLM"), "not a causal language model"),
        (lambda folder: bert(folder, "BertLMHeadModel"), "not a causal language model"),
        (t5, "(T5ForConditionalGeneration) is not a causal language model"),
        (mamba, "attention heads"),
    ],
    ids=["encoder", "masked", "encoder-with-head", "encoder-decoder", "no-attention"],
)
def test_models_of_other_kinds_are_refused(tmp_path, make, said):
    make(tmp_path / "model")
    assert said in refused(tmp_path / "model")


def test_an_encoder_that_does_not_say_what_it_is(tmp_path):
    bert(tmp_path / "model")
    change_config(tmp_path / "model", architectures=None)
    refused(tmp_path / "model")


@pytest.mark.parametrize(
    "device",
    [
        "tpu",
        *([] if torch.cuda.is_available() else ["cuda"]),
        *([] if torch.backends.mps.is_available() else ["mps"]),
    ],
)
def test_a_device_that_is_not_there(checkpoint, device):
    with pytest.raises(ModelError, match=device):
        load_model(str(checkpoint("gpt2")), device=device)


def test_the_fingerprint_is_of_what_determines_the_numbers(checkpoint, tmp_path):
    def changed(name, data):
        folder = tmp_path / name.replace(".", "-")
        shutil.copytree(checkpoint("gpt2"), folder)
        (folder / name).write_bytes(data)
        return fingerprint(folder)

    own = fingerprint(checkpoint("gpt2"))
    shutil.copytree(checkpoint("gpt2"), tmp_path / "copy")
    assert fingerprint(tmp_path / "copy") == own
    assert fingerprint(checkpoint("neox-serial")) != fingerprint(checkpoint("neox-parallel"))
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        data = bytearray((checkpoint("gpt2") / name).read_bytes())
        data[-2] ^= 1
        assert changed(name, bytes(data)) != own, name
    for name in ("metrics.json", "generation_config.json", "README.md"):
        assert changed(name, b"{}") == own, name


def state():
    return sys.stdout, logging.root.manager.disable, warnings.filters[:]


def listing(folder):
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


@pytest.mark.slow
def test_loading_tells_its_progress_and_leaves_all_else_as_it_was(checkpoint, tmp_path):
    """Output, warnings, logging and the folder, which is only read."""
    before, files, told = state(), listing(checkpoint("gpt2")), []
    load_model(str(checkpoint("gpt2")), device="cpu", progress=lambda *what: told.append(what))
    # The first is said again while weights are read: whoever hears it may give the load up.
    assert [word for word, _ in groupby(what.split()[0] for what, _ in told)] == [
        "Loading",
        "Checking",
    ]
    assert listing(checkpoint("gpt2")) == files
    assert state() == before
    with contextlib.suppress(ModelError):
        load_model(str(tmp_path), device="cpu")
    assert state() == before


def test_weights_are_tied_while_another_model_is_being_made(checkpoint, monkeypatch):
    """For the whole process transformers ties no weights while it makes a model's modules."""
    from transformers import GPT2LMHeadModel, initialization

    begun, over = threading.Event(), threading.Event()
    read = GPT2LMHeadModel._load_pretrained_model

    def make_another():
        with boot._making_turn, initialization.no_tie_weights():
            begun.set()
            over.wait(30)

    def read_meanwhile(*args, **options):
        threading.Thread(target=make_another).start()
        assert begun.wait(30)
        threading.Timer(0.3, over.set).start()
        return read(*args, **options)

    monkeypatch.setattr(GPT2LMHeadModel, "_load_pretrained_model", staticmethod(read_meanwhile))
    load_model(str(checkpoint("gpt2")), device="cpu")


def test_two_threads_that_load_do_not_silence_the_process_for_good():
    before = state()
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def first():
        with quiet():
            first_in.set()
            second_in.wait(0.3)  # never comes while one thread waits for the other
        first_out.set()

    def second():
        first_in.wait()
        with quiet():
            second_in.set()
            first_out.wait(0.3)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state() == before
