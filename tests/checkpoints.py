"""Tiny random checkpoints of real architectures, saved as a user's own would be.

Weights are large enough that ablating a head matters; norm gains and biases are not trivial.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
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


def _gpt2(vocab: int) -> PreTrainedModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocab,
            n_positions=N_CTX,
            n_embd=32,
            n_layer=3,
            n_head=4,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def _neox(vocab: int, *, parallel: bool) -> PreTrainedModel:
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=vocab,
            hidden_size=32,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=N_CTX,
            use_parallel_residual=parallel,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def _llama(vocab: int) -> PreTrainedModel:
    """Grouped queries: four query heads share two key-value heads."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab,
            hidden_size=32,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=64,
            max_position_embeddings=N_CTX,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


FAMILIES = {
    "gpt2": _gpt2,
    "neox-parallel": lambda vocab: _neox(vocab, parallel=True),
    "neox-serial": lambda vocab: _neox(vocab, parallel=False),
    "llama": _llama,
}


def build(family: str, folder: Path, seed: int = 0) -> None:
    """Save a random checkpoint of `family` with its tokenizer."""
    words = tokenizer()
    torch.manual_seed(seed)
    model = FAMILIES[family](len(words))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.normal_(0, 0.25)
            else:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    words.save_pretrained(folder)
