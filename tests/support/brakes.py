"""A brake on a model: its passes stop where a test wants them to."""

import threading

from support import checkpoints

WAIT = 60.0  # seconds: only ever spent by a test that fails
PROMPT = checkpoints.TEXT


def last_norm(model):
    """The one submodule that every pass ends with, on either path."""
    return model.bridge.ln_final.original_component


class Brake:
    """Holds the pass number `at` (from now on) at its end until it is let go: one a chunk."""

    def __init__(self, model, at: int) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._left = at
        self._handle = last_norm(model).register_forward_pre_hook(self._pass)

    def _pass(self, *_):
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            assert self.go.wait(WAIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go.set()
        self._handle.remove()
