"""The reference set of the mean ablations: texts whose average output stands in for a head's own.

A result holds the set's contents, not its name, since they determine the numbers.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import InputError
from core.spec.checks import beginning_of, check_prompt
from core.text.json_form import json_kind

MAX_PROMPTS = 1_000
MAX_CHARACTERS = 500_000
"""Of all prompts together."""
MAX_BYTES = 5_000_000
"""Of a file; more than the characters that are taken, in any script."""

DEFAULT: tuple[str, ...] = (
    "The bakery on the corner opens at six and sells out of rye bread before nine.",
    "Why does the kettle whistle only when nobody is in the kitchen?",
    "My grandmother kept forty-two buttons in a jar that once held honey.",
    "Rain is expected over the northern hills by Thursday evening.",
    '"You can\'t park here," said the guard, pointing at a sign that had fallen over.',
    "Copper conducts heat far better than steel does.",
    "Leila sent the report to three colleagues, but only Tomas answered before the meeting began.",
    "A heron stood in the shallow water and waited. Nothing moved for an hour.",
    "In 1987 the village built a second bridge, wider than the first and twice as loud.",
    "Please wash the brushes before the paint dries.",
    "The museum's oldest map shows a river that no longer exists.",
    "How many chairs will fit around the table if we take out the shelf?",
    "Nobody expected the goalkeeper to score, least of all the goalkeeper.",
    "Fold the paper in half, then in half again, and cut along the dotted line.",
    "The train to Leeds leaves from platform nine at 7:45.",
    '"Is it far?" asked Nadia. "Only if you walk slowly," her brother replied.',
    "Bees returning to the hive share the direction of good flowers by dancing.",
    "The committee voted eleven to four against moving the library downtown.",
    "He tuned the old piano by ear, and it took him most of the winter.",
    "Some deserts are cold enough for snow.",
    "After the flood, the farmers planted willows along the bank to hold the soil in place.",
    "Add two cups of flour, a pinch of salt and just enough warm water to make a soft dough.",
    "Omar's left shoe was full of sand.",
    "The price of tin rose by 12 percent in March and fell again in May.",
    "Which of these keys opens the cellar door?",
    "A short circuit in the attic had put out every light on the second floor.",
    "The translator paused, looked for a better word, and in the end kept the first one.",
    "Lighthouses were once lit by oil lamps that had to be filled every few hours.",
    "We missed the ferry. The next one was on Sunday.",
    "Her thesis compares the songs of 19 species of warbler recorded in the same forest.",
    "The dentist hummed while she worked, which made it worse.",
    "Under the stairs they found a sledge, two tennis rackets and a box of letters.",
    '"Close the window," whispered Ines, "before the moths come in."',
    "Glass is made by melting sand with soda and lime at a very high temperature.",
    "The youngest player on the team is also the tallest.",
    "Did anyone feed the cat this morning?",
    "By the time the soup was ready, half of the guests had fallen asleep by the fire.",
    "The new law requires landlords to repair a broken boiler within five days.",
    "Marek sold his motorcycle to pay for a cello.",
    "Wind turbines turn more slowly than most people imagine, about fifteen times a minute.",
    "The envelope was empty except for a single train ticket dated 4 June.",
    "If the battery is low, the light blinks twice and then stays red.",
    "Old Mr. Abbott walked to the post office every day, though he rarely had anything to send.",
    "Whales breathe air, as we do, and drown if they cannot reach the surface.",
    "The orchestra rehearsed the slow movement until midnight.",
    '"Seven times eight?" the teacher asked. "Fifty-six," said the whole class at once.',
    "There was a time when nutmeg was worth more than gold in some ports.",
    "The surgeon's hands were steady, but her voice was not.",
    "On clear nights you can see the lights of the harbour from the top of the hill.",
    "The software checks each file twice before it deletes the older copy.",
    "What would you do with an extra hour every day?",
    "Daniel painted the fence green because the shop had run out of blue.",
    "Mountain passes in the region stay closed from November until the middle of April.",
    "The jury could not agree, so the judge sent everyone home for the weekend.",
    "A good tent weighs little and dries fast.",
    "The shopkeeper counted the coins again. There were still two missing.",
    "Soil rich in clay holds water well but is hard to dig when it dries.",
    "Priya learned to swim at thirty, in a lake so cold that she laughed out loud.",
    "The last page of the diary had been torn out with great care.",
    "Most of the city's trams were built abroad and repainted here in yellow and white.",
    '"I never said that," said the minister, although the recording was quite clear.',
    "The puppy chewed one glove and carried the other around all afternoon.",
    "Temperatures on the far side of the planet fall below minus 180 degrees.",
    "When the music stopped, everyone looked at the door.",
)
"""Sentences written for this project: subjects, lengths and forms as varied as 64 allow."""

NAME = f"{len(DEFAULT)} reference sentences (Headsweep's default set)"


class ReferenceTextError(InputError):
    """One text of a reference set cannot be used.

    `number` counts the texts from 1. A spec knows no lines: whoever read them puts the text's line
    in the place of its number (`ReferenceLines.located`).
    """

    def __init__(self, number: int, text: str, fault: str) -> None:
        self.number = number
        self.fault = f"(“{beginning_of(text)}”) {fault}"
        """What is wrong, after the name of the text: its beginning, then `fault`."""
        super().__init__("reference", f"Reference prompt {number} {self.fault}")


@dataclass(frozen=True)
class ReferenceLines:
    """A reference set, and the line from 1 that each text was read from; blank ones are skipped.

    `lines` is empty for texts that were not read from lines, `file` for texts of no file.
    """

    texts: tuple[str, ...]
    lines: tuple[int, ...] = ()
    file: str = ""

    def located(self, error: InputError) -> InputError:
        """The same error, said of the text's line where it is about one text of the set."""
        if not isinstance(error, ReferenceTextError) or not self.lines:
            return error
        line = f"Line {self.lines[error.number - 1]} {error.fault}"
        return InputError("reference", f"{self.file!r}: {line}" if self.file else line)


@contextmanager
def located_in(lines: ReferenceLines | None) -> Iterator[None]:
    """Within it what is wrong with a text of the set is said of its line; None: there is no set."""
    try:
        yield
    except ReferenceTextError as error:
        raise (error if lines is None else lines.located(error)) from error


def name_of(reference: tuple[str, ...] | None) -> str:
    """What to call a reference set; None is the default one."""
    if reference is None or reference == DEFAULT:
        return NAME
    return f"{len(reference)} reference prompt{'s' if len(reference) > 1 else ''}"


def is_part_of_default(reference: tuple[str, ...] | None) -> bool:
    """Whether a set is what is left of the default one for a model that cannot read all of it."""
    if reference is None or not 0 < len(reference) < len(DEFAULT):
        return False
    return reference == tuple(text for text in DEFAULT if text in set(reference))


def parse(text: str) -> tuple[str, ...]:
    """A reference set from one prompt a line; blank lines are skipped, spaces are kept.

    Raises `InputError` where nothing is left, a line is no valid text, or it is too much.
    """
    return parse_lines(text).texts


def parse_lines(text: str) -> ReferenceLines:
    """`parse`, with the line of each text."""
    found = numbered(text)
    texts = _checked((f"Line {n}", line) for n, line in found)
    return ReferenceLines(texts, tuple(n for n, _ in found))


def numbered(text: str) -> list[tuple[int, str]]:
    """Each line that `parse` takes, with its number from 1."""
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    return [(n, line) for n, line in enumerate(lines, 1) if line.strip()]


def fits_lines(reference: Iterable[str]) -> bool:
    """Whether a set can be written one text a line."""
    return not any(set(text) & {"\r", "\n"} for text in reference)


def read(path: Path) -> ReferenceLines:
    """A reference set from a UTF-8 file with one prompt a line.

    Raises `InputError` where the file cannot be read or `parse` refuses its contents.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(
            "reference", f"There is no file {str(path)!r}: check its name and folder."
        ) from None
    except IsADirectoryError:
        raise InputError(
            "reference", f"{str(path)!r} is a folder: name a text file with one prompt a line."
        ) from None
    except (OSError, ValueError) as error:  # a ValueError for a name with a NUL in it
        why = getattr(error, "strerror", None) or error
        raise InputError(
            "reference", f"{str(path)!r} cannot be read ({why}): choose another file."
        ) from error
    return from_bytes(str(path), raw)


def from_bytes(name: str, raw: bytes) -> ReferenceLines:
    """A reference set from a file's contents; raises `InputError`, by the file's name."""
    if len(raw) > MAX_BYTES:
        raise InputError(
            "reference",
            f"{name!r} is larger than {MAX_BYTES // 1_000_000} MB: keep at most "
            f"{MAX_PROMPTS:,} prompts, one a line.",
        )
    try:
        return replace(parse_lines(raw.decode("utf-8")), file=name)
    except UnicodeDecodeError as error:
        raise InputError(
            "reference",
            f"{name!r} is not UTF-8 text: byte {error.start + 1} is "
            f"0x{raw[error.start]:02X}. Save it as UTF-8.",
        ) from error
    except InputError as error:
        raise InputError("reference", f"{name!r}: {error}") from error


def checked(reference: object) -> tuple[str, ...]:
    """A list or tuple of prompts as a reference set; raises `InputError` for anything else."""
    if not isinstance(reference, list | tuple):
        raise InputError(
            "reference",
            f"The reference set is {json_kind(reference)}, not a list of texts: give a list "
            "with one prompt an item.",
        )
    return _checked((f"Reference prompt {n}", text) for n, text in enumerate(reference, 1))


def _checked(labelled: Iterable[tuple[str, object]]) -> tuple[str, ...]:
    # Here, not above: a spec checks its reference set with this module.
    pairs = list(labelled)
    if not pairs:
        raise InputError("reference", "The reference set is empty: give one prompt a line.")
    if len(pairs) > MAX_PROMPTS:
        raise InputError(
            "reference",
            f"The reference set has {len(pairs):,} prompts; at most {MAX_PROMPTS:,} are taken. "
            "Leave some out.",
        )
    prompts = []
    for label, text in pairs:
        check_prompt("reference", text, label)
        prompts.append(str(text))
    if (total := sum(map(len, prompts))) > MAX_CHARACTERS:
        raise InputError(
            "reference",
            f"The reference set has {total:,} characters; at most {MAX_CHARACTERS:,} are taken. "
            "Leave some prompts out.",
        )
    return tuple(prompts)
