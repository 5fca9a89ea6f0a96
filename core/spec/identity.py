"""What makes two results the same result."""

import hashlib

from core.spec.spec import SweepSpec

FAMILY = "headsweep.sweep"
"""What kind of result a sweep is, in every version of its form."""

IDENTITY = f"{FAMILY}/1"
"""What a sweep's numbers mean, as every identity has it.

Raised only where the same spec on the same model would give other numbers. A metric more, or
another form of the files (`core.results.schema`), changes no identity: links and databases keep
them for ever.
"""


PARTING = "compared where they part"
"""Added for a target and foil of different lengths: `IDENTITY` alone is that of a result that
compared them as wholes, as was done before; the rest of what it says is the same."""


def result_key(spec: SweepSpec, fingerprint: str, *, where_they_part: bool = False) -> str:
    """A digest of the resolved spec, the model's fingerprint and what the numbers mean.

    `where_they_part`: target and foil differ in length and are compared where they part.

    The spec must be resolved (its BOS decided), since an unresolved one does not determine the
    numbers: a ValueError otherwise.
    """
    if spec.prepend_bos is None:
        raise ValueError("Only a resolved spec has an identity: prepend_bos is still open.")
    meaning = (IDENTITY, PARTING) if where_they_part else (IDENTITY,)
    text = "\n".join((*meaning, fingerprint, spec.to_json()))
    return hashlib.sha256(text.encode()).hexdigest()
