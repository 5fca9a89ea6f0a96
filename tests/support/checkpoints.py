"""Tiny random checkpoints of real architectures, saved as a user's own would be.

Weights are large enough that ablating a head matters; norm gains and biases are not trivial.
"""

import copy
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    OPTConfig,
    PhiConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

N_CTX = 64
TEXT = "The quick brown fox jumps over the lazy dog. The quick brown fox"


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE that holds the pangram's words with their leading space."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([TEXT] * 50, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )


WIDTH, HEADS, LAYERS = 32, 4, 3
# One name a size, whatever a family calls it: transformers maps most of them.
_SIZES = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
_WIDE = {**_SIZES, "intermediate_size": 64, "max_position_embeddings": N_CTX}
_GROUPED = {**_WIDE, "num_key_value_heads": 2}

FAMILIES: dict[str, PreTrainedConfig] = {
    "gpt2": GPT2Config(n_positions=N_CTX, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS),
    "gpt-neo": GPTNeoConfig(  # every other layer sees five positions only
        max_position_embeddings=N_CTX,
        hidden_size=WIDTH,
        num_layers=4,
        num_heads=HEADS,
        attention_types=[[["global", "local"], 2]],
        window_size=5,
        intermediate_size=64,
    ),
    "gptj": GPTJConfig(n_positions=N_CTX, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, rotary_dim=4),
    "neox-parallel": GPTNeoXConfig(**_WIDE, use_parallel_residual=True),
    "neox-serial": GPTNeoXConfig(**_WIDE, use_parallel_residual=False),
    "opt": OPTConfig(
        **_SIZES, ffn_dim=64, max_position_embeddings=N_CTX, word_embed_proj_dim=WIDTH
    ),
    "opt-post-norm": OPTConfig(  # OPT-350m: norms after, and embeddings of another width
        **_SIZES,
        ffn_dim=64,
        max_position_embeddings=N_CTX,
        word_embed_proj_dim=16,
        do_layer_norm_before=False,
    ),
    "bloom": BloomConfig(hidden_size=WIDTH, n_layer=LAYERS, n_head=HEADS),
    "bloom-six-heads": BloomConfig(hidden_size=48, n_layer=2, n_head=6),  # not a power of two
    "phi": PhiConfig(**_WIDE, partial_rotary_factor=0.5),
    "llama": LlamaConfig(**_GROUPED),
    "mistral": MistralConfig(**_GROUPED, sliding_window=5),
    "qwen2": Qwen2Config(
        **_GROUPED, use_sliding_window=True, sliding_window=5, max_window_layers=1
    ),
    "gemma2": Gemma2Config(
        **_GROUPED,
        head_dim=8,
        query_pre_attn_scalar=12,
        sliding_window=5,
        attn_logit_softcapping=4.0,
        final_logit_softcapping=8.0,
    ),
}
"""What one checkpoint of each kind of wiring looks like."""


def build(family: str, folder: Path, seed: int = 0) -> None:
    """Save a random checkpoint of `family` with its tokenizer."""
    save(FAMILIES[family], folder, seed)


def save(config: PreTrainedConfig, folder: Path, seed: int = 0) -> None:
    """Save a random checkpoint of this shape, with the vocabulary of `tokenizer`."""
    words, config = tokenizer(), copy.deepcopy(config)
    config.vocab_size = len(words)
    config.bos_token_id = config.eos_token_id = config.pad_token_id = 0
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.normal_(0, 0.25)
            else:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    words.save_pretrained(folder)
