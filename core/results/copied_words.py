"""What random words said twice have shown of a model, before any head of it is ablated."""

from core.text.numbers import percent

LIKELIER = 10
"""So many times likelier the target must be with the first copy than without it."""


def copied_words(prob: float, rank: int, without: float) -> str:
    """Whether the model copied the target from the first copy: sentences, with the numbers.

    `prob` and `rank` are the target's with nothing ablated, `without` its probability after the
    second copy alone. It copies where it puts the target first, and first for that reason.
    """
    numbers = f"P(target) is {percent(prob)} here, rank {rank:,}, and {percent(without)} without "
    numbers += "the first copy: "
    if prob < LIKELIER * without:
        return numbers + (
            "the model does not copy here. No head can be found on this prompt that does: draw "
            "others, or choose another model."
        )
    if rank > 1:
        return numbers + (
            "the first copy makes the target likelier, but the model does not say it first. What "
            "a sweep shows is how far each head helps with that."
        )
    return numbers + (
        "hardly any text holds these words in this order, so it was copied from the first copy, "
        "not remembered. Do the same heads matter here as on your prompt?"
    )
