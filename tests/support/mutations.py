"""Files as a bad disk, a bad editor or somebody clever leaves them: every region of bytes changed.

The same seed gives the same files, so that one that did harm can be had again.
"""

import random
from collections.abc import Iterator

REGIONS = 32
"""Parts of a file, each of which is changed in every way."""
LONGEST = 200
"""Bytes of one change."""


def mutations(raw: bytes, seed: int, regions: int = REGIONS) -> Iterator[bytes]:
    """The file with one change in each of its regions, in each of six ways."""
    drawn = random.Random(seed)
    for region in range(regions):
        first, last = (len(raw) * part // regions for part in (region, region + 1))
        if first == last:
            continue
        for change in (_flipped, _left_out, _doubled, _strewn, _exchanged, _nested):
            start = drawn.randrange(first, last)
            stop = min(len(raw), start + drawn.randrange(1, LONGEST))
            yield raw[:start] + change(raw[start:stop], raw, drawn) + raw[stop:]


def _flipped(part: bytes, _: bytes, drawn: random.Random) -> bytes:
    at = drawn.randrange(len(part))
    return part[:at] + bytes([part[at] ^ (1 << drawn.randrange(8))]) + part[at + 1 :]


def _left_out(_: bytes, __: bytes, ___: random.Random) -> bytes:
    return b""


def _doubled(part: bytes, _: bytes, __: random.Random) -> bytes:
    return part + part


def _strewn(part: bytes, _: bytes, drawn: random.Random) -> bytes:
    return part + drawn.randbytes(drawn.randrange(1, 8))


def _exchanged(_: bytes, whole: bytes, drawn: random.Random) -> bytes:
    start = drawn.randrange(len(whole))
    return whole[start : start + drawn.randrange(1, LONGEST)]


def _nested(part: bytes, _: bytes, drawn: random.Random) -> bytes:
    return drawn.choice((b"[" * 20_000, b'{"a":' * 5_000, b"1e400", b"NaN", b'"\\ud800"')) + part
