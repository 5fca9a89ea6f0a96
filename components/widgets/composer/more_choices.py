"""What is rarely changed: BOS, how the weights are processed, the number format, one kind alone."""

import streamlit as st

from components.state import chosen_model, live_model, value
from core.model.processing import processing_help
from core.results.precision import MOST_PARAMS
from core.text.glossary import meaning

_BOS = {"default": "the model’s default", "yes": "first", "no": "none"}


def more_choices() -> None:
    """A popover whose label says what differs from the usual."""
    with st.popover(_label(), key="more_choices", icon=":material/tune:"):
        st.segmented_control(
            "BOS token",
            list(_BOS),
            key="bos",
            format_func=_BOS.__getitem__,
            required=True,
            persist_state="session",
            help=f"{meaning('BOS').says} GPT-2 and Pythia are usually read with it; the strip "
            "above shows it as token 0.",
        )
        st.segmented_control(
            "Weights",
            ["processed", "raw"],
            key="weights",
            required=True,
            persist_state="session",
            help=processing_help(live_model(chosen_model())),
        )
        st.segmented_control(
            "Numbers",
            ["float32", "bfloat16"],
            key="dtype",
            required=True,
            persist_state="session",
            help="bfloat16 halves the memory, and its rounding usually moves effects by 0.1 to 0.2 "
            "nats of logit difference. In a model of up to "
            f"{MOST_PARAMS // 10**6:,} million parameters the strongest heads are measured again "
            "in float32, and the findings say how far away they were.",
        )
        st.toggle(
            "Only this kind",
            key="only_this_kind",
            persist_state="session",
            help="A quick sweep is done once more under mean ablation, and the findings say "
            "whether its strongest heads hold there. Not with this.",
        )


def _label() -> str:
    changed = []
    if value("bos") != "default":
        changed.append("BOS first" if value("bos") == "yes" else "no BOS")
    changed += [value(key) for key, usual in (("weights", "processed"), ("dtype", "float32"))
                if value(key) != usual]  # fmt: skip
    return ", ".join(changed) or "More"
