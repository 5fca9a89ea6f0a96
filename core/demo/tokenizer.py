"""The embedded model's tokenizer: byte-level BPE in which every word of the lists is one token.

Its alphabet is the bytes (Radford et al. 2019), so any Unicode text is decoded as it was encoded.
Digits are split in pairs ("1732" is "17" "32"); every other symbol is a token of its own.
"""

from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from core.demo.lexicon import all_words, names, word_lists

END_OF_TEXT = "<|endoftext|>"
SPLIT = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}{1,2}| ?[^\s\p{L}\p{N}]|\s+(?!\S)|\s"


def training_text() -> Iterator[str]:
    """Every text that must become a single token.

    They are words with a leading space, sentence starters, names and pairs of digits.
    """
    for word in all_words():
        yield f" {word}"
    for word in (*names(), *word_lists()["capital_starters"]):
        yield word
    for number in range(100):
        yield from (f"{number:02d}", f" {number:02d}", f" {number}")
    for mark in ".,?!:;'\"()-":
        yield f" {mark}"
    yield from ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def train_tokenizer(context: int) -> PreTrainedTokenizerFast:
    """Train byte-level BPE until every training text is one token.

    `context` is the context length in tokens. The tokenizer does not add BOS.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=20_000,  # never reached: merging stops when every piece is one token
        min_frequency=1,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(training_text(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
