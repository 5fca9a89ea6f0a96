"""What a result says of its number format: how far from float32 its effects may be."""

from core.results.leading import leading_of
from core.results.result import SweepResult

MEASURED_AGAIN = 3
"""How many of a bfloat16 sweep's strongest heads are measured again in float32."""
MOST_PARAMS = 200_000_000
"""Of a model that is: its second copy, in float32, takes 800 MB and a few seconds to load."""


def precision_caveat(result: SweepResult) -> str:
    """What bfloat16 does to the numbers, measured where it was; nothing to say of float32."""
    if result.provenance.dtype == "float32":
        return ""
    name, apart = leading_of(result).short, result.provenance.float32_distance
    if apart is None:
        return (
            "The run is in bfloat16, which usually moves effects by 0.1 to 0.2 nats of logit "
            "difference. How far it did here was not measured: newer runs do so, on models of up "
            f"to {MOST_PARAMS // 10**6:,} million parameters, by the strongest heads in float32."
        )
    return (
        f"The run is in bfloat16: the clean run and the {MEASURED_AGAIN} strongest heads, measured "
        f"again in float32, are up to {apart:.2g} nats of {name} away. An effect that is not "
        "clearly larger may be rounding."
    )
