"""Find the repeat at the end of a prompt: the first copy and the second copy."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.prompts.tokens import TokenizedPrompt


@dataclass(frozen=True)
class Repeat:
    """A span of tokens at the end of a prompt that also occurs earlier; `stop` is exclusive."""

    first_start: int
    first_stop: int
    second_start: int
    second_stop: int

    def __len__(self) -> int:
        return self.second_stop - self.second_start


def find_repeat(prompt: TokenizedPrompt) -> Repeat | None:
    """The longest span at the end of a prompt, of 2 tokens or more, that also occurs earlier.

    The two copies do not overlap. Of several earlier copies the first is taken. The first tokens
    of the copies may differ in a leading space and in the case of the first letter ("The" and
    " the"). BOS belongs to no copy. None if there is no repeat.
    """
    start, stop = int(prompt.has_bos), len(prompt)
    backwards = prompt.ids[start:][::-1]
    openings = [_opening(text) for text in prompt.texts[start:][::-1]]
    longest, distance = 1, 0
    for shift, length in enumerate(_shared_beginnings(backwards)):
        room = min(shift, len(backwards) - shift)
        if length < room and openings[length] == openings[shift + length]:
            length += 1
        length = min(length, room)
        if length > 1 and length >= longest:
            longest, distance = length, shift
    if not distance:
        return None
    first_stop = stop - distance
    return Repeat(first_stop - longest, first_stop, stop - longest, stop)


def _shared_beginnings(ids: Sequence[int]) -> list[int]:
    """For each i, the length of the longest common prefix of `ids[i:]` and `ids` (Z function)."""
    shared = [0] * len(ids)
    left = right = 0  # ids[left:right] equals a prefix of ids; right is the largest so far
    for i in range(1, len(ids)):
        count = min(right - i, shared[i - left]) if i < right else 0
        while i + count < len(ids) and ids[count] == ids[i + count]:
            count += 1
        shared[i] = count
        if i + count > right:
            left, right = i, i + count
    return shared


def _opening(text: str) -> str:
    bare = text.removeprefix(" ")
    return bare[:1].lower() + bare[1:]
