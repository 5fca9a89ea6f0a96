"""What makes two results the same result."""

import hashlib

from core.spec.spec import SweepSpec

SCHEMA = "headsweep.sweep/1"
"""The form of a result; a change of what its numbers mean is a new one."""


def result_key(spec: SweepSpec, fingerprint: str) -> str:
    """A digest of the resolved spec, the model's fingerprint and the schema.

    The spec must be resolved (its BOS decided), since an unresolved one does not determine the
    numbers: a ValueError otherwise.
    """
    if spec.prepend_bos is None:
        raise ValueError("Only a resolved spec has an identity: prepend_bos is still open.")
    text = "\n".join((SCHEMA, fingerprint, spec.to_json()))
    return hashlib.sha256(text.encode()).hexdigest()
