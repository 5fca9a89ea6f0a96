"""The program of a process that only tokenises, so that it can be stopped (see `guard.py`).

It is run by its path, imports nothing of Headsweep, and may use so much memory and no more. Lines
of JSON come in and go out: first [tokenizer, whether special tokens are read as text, bytes of
memory, most tokens], answered by null; then texts, each answered by its ids or by what is wrong
with it.
"""

import contextlib
import json
import sys
from typing import TextIO


def main(given: TextIO, told: TextIO) -> None:
    """Answer line by line until nothing more comes."""
    from tokenizers import Tokenizer

    written, plain, n_bytes, most = json.loads(given.readline())
    _limit(n_bytes)
    tokenizer = Tokenizer.from_str(written)
    del written
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = plain
    _tell(told, None)
    for line in given:
        try:
            ids = tokenizer.encode(json.loads(line), add_special_tokens=False).ids
            found: object = ids if len(ids) <= most else f"it makes {len(ids):,} tokens of it"
        except MemoryError:
            found = "it needs too much memory for it"
        except BaseException as error:  # a panic of Rust code is no Exception
            found = " ".join(str(error).split())[:200] or type(error).__name__
        _tell(told, found)


def _limit(n_bytes: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))


def _tell(told: TextIO, found: object) -> None:
    told.write(json.dumps(found) + "\n")
    told.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
