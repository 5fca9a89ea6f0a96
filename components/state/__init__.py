"""What a browser session remembers, and what the process caches: all of it in one room."""

from components.state.cached import clean_baseline, is_one_token, likely_at, next_tokens
from components.state.hypothesis_page import TEST_SLOTS, Test, named_heads, put_head, put_heads
from components.state.models import (
    chosen_bos,
    finished,
    live_for,
    live_model,
    outdated,
    same_sweep,
    tokens_of,
)
from components.state.patching_page import PATCH_SLOTS
from components.state.sealed import Effects, SealedSweep, finished_sweep, output_so_far
from components.state.selection import no_such_head
from components.state.tab import Session, new_session, session
from components.state.widgets import (
    BOS,
    WIDGET_DEFAULTS,
    chosen_key,
    chosen_metric,
    chosen_model,
    look,
    put,
    put_metric,
    value,
)

__all__ = [
    "BOS",
    "PATCH_SLOTS",
    "TEST_SLOTS",
    "WIDGET_DEFAULTS",
    "Effects",
    "SealedSweep",
    "Session",
    "Test",
    "chosen_bos",
    "chosen_key",
    "chosen_metric",
    "chosen_model",
    "clean_baseline",
    "finished",
    "finished_sweep",
    "is_one_token",
    "likely_at",
    "live_for",
    "live_model",
    "look",
    "named_heads",
    "new_session",
    "next_tokens",
    "no_such_head",
    "outdated",
    "output_so_far",
    "put",
    "put_head",
    "put_heads",
    "put_metric",
    "same_sweep",
    "session",
    "tokens_of",
    "value",
]
