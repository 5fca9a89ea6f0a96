"""Real tokenizers of the kinds that models come with, small enough to train in a test."""

from functools import cache

from support import checkpoints
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from core.checkpoints.catalogue import DEMO_FOLDER

PANGRAM = checkpoints.TEXT
IOI = "When John and Mary went to the shops, John gave the bag to"
EOT = "<|endoftext|>"


@cache
def demo():
    """The embedded model's byte-level BPE."""
    return AutoTokenizer.from_pretrained(DEMO_FOLDER)


@cache
def small():
    """Few words, so that most text is many tokens."""
    return checkpoints.tokenizer()


@cache
def sentencepiece():
    """Llama's kind: a word at a text's start is read as after a space; bytes for what is left."""
    bpe = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace()
    bpe.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    special = ["<unk>", "<s>", *(f"<0x{b:02X}>" for b in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False)
    bpe.train_from_iterator([PANGRAM, IOI, "Anna Tom said so"] * 50, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", unk_token="<unk>")


KINDS = {"demo": demo, "small": small, "sentencepiece": sentencepiece}
