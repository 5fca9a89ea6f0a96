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


def result_key(spec: SweepSpec, fingerprint: str) -> str:
    """A digest of the resolved spec, the model's fingerprint and what the numbers mean.

    The spec must be resolved (its BOS decided), since an unresolved one does not determine the
    numbers: a ValueError otherwise.
    """
    if spec.prepend_bos is None:
        raise ValueError("Only a resolved spec has an identity: prepend_bos is still open.")
    text = "\n".join((IDENTITY, fingerprint, spec.to_json()))
    return hashlib.sha256(text.encode()).hexdigest()
