"""What a browser session remembers, and what the process caches: all of it in one room."""

from components.state.cached import clean_prob, is_one_token, likely_at, next_tokens
from components.state.models import (
    chosen_bos,
    chosen_key,
    finished,
    live_for,
    live_model,
    outdated,
    same_sweep,
)
from components.state.tab import (
    PATCH_SLOTS,
    TEST_SLOTS,
    Question,
    Session,
    Test,
    no_such_head,
    question,
    session,
)
from components.state.widgets import (
    BOS,
    WIDGET_DEFAULTS,
    chosen_metric,
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
    "Question",
    "Session",
    "Test",
    "chosen_bos",
    "chosen_key",
    "chosen_metric",
    "clean_prob",
    "finished",
    "is_one_token",
    "likely_at",
    "live_for",
    "live_model",
    "look",
    "next_tokens",
    "no_such_head",
    "outdated",
    "put",
    "put_metric",
    "question",
    "same_sweep",
    "session",
    "value",
]
