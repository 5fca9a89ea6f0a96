"""What is typed into the composer's fields, as a spec's values and back."""

import re
from collections.abc import Collection

from core.errors import InputError
from core.spec.answer import Answer
from core.spec.heads import shortened
from core.spec.spec import Positions
from core.text.typed_numbers import MOST_CHARACTERS, MOST_IN_SPANS, WHOLE, expanded

_BARS = re.compile(r"(\\*)\|")
_RANGE = re.compile(rf"({WHOLE})(?:\s*[-–]\s*({WHOLE}))?")
_LARGEST = 1_000_000


def parse_answer(text: str) -> Answer:
    r"""One answer, or several single tokens between bars: " 33| 34" is (" 33", " 34").

    Spaces belong to the token. "\|" is a bar of the text itself, and where a part would be blank
    ("|", "a||b") the whole text is one answer as it stands.
    """
    parts, start = [""], 0
    for match in _BARS.finditer(text):
        slashes = len(match[1])
        parts[-1] += text[start : match.start()] + "\\" * (slashes // 2)
        start = match.end()
        if slashes % 2:
            parts[-1] += "|"
        else:
            parts.append("")
    parts[-1] += text[start:]
    if len(parts) == 1:
        return parts[0]
    return text if any(not part.strip(" ") for part in parts) else tuple(parts)


def typed_answer(answer: Answer | None) -> str:
    """What to type for an answer: the inverse of `parse_answer`."""
    if answer is None:
        return ""
    if isinstance(answer, str):
        return answer if parse_answer(answer) == answer else _escaped(answer)
    *others, last = map(_escaped, answer)
    # A bar must not be escaped by the backslashes that a member ends with.
    return "".join(re.sub(r"\\+\Z", r"\g<0>\g<0>", part) + "|" for part in others) + last


def parse_positions(text: str) -> tuple[int, ...]:
    """Positions from numbers and ranges, "0, 3, 5-9"; raises `InputError` for anything else."""
    if not text.strip():
        raise InputError(
            "positions",
            "No position is chosen: click tokens in the strip, or type numbers such as 0, 3, 5-9.",
        )
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            "positions",
            f"The positions have {len(text):,} characters; at most {MOST_CHARACTERS:,} are taken: "
            "write neighbours as a range, such as 5-9.",
        )
    ends = []
    for part in re.split(r"[,;]", text.strip().strip(",;")):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise InputError(
                "positions",
                f"{shortened(part.strip())!r} is no position: type numbers and ranges such as "
                "0, 3, 5-9.",
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise InputError("positions", f"{part.strip()!r} runs backwards: type {last}-{first}.")
        if last > _LARGEST:
            raise InputError("positions", f"Position {last} is past the end of any prompt.")
        ends.append((first, last))
    found = expanded(ends)
    if found is None:
        raise InputError("positions", f"These are more than {MOST_IN_SPANS:,} positions.")
    return found


def positions_text(positions: Collection[int]) -> str:
    """Positions as they are typed, runs of three or more as ranges."""
    runs: list[list[int]] = []
    for position in sorted(positions):
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    shown: list[str] = []
    for run in runs:
        shown += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    return ", ".join(shown)


def as_positions(choice: str, typed: str) -> Positions:
    """The spec's positions from the choice and, where tokens are chosen, what names them."""
    if choice == "last":
        return "last"
    return parse_positions(typed) if choice == "chosen" else "all"


def _escaped(text: str) -> str:
    return re.sub(r"(\\*)\|", lambda m: m[1] * 2 + "\\|", text)
