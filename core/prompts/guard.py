"""A tokenizer whose rules may take for ever, run in a process of its own with a limit.

Nothing can stop native code in a thread. The process starts when it is first asked, answers one
text after the other, is ended when a text takes too long, and ends with this one.
"""

import json
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

from core.prompts.tokenizer_rules import tokenizer_rules

READ_S = 10.0
"""Seconds for which a tokenizer may read one text."""
START_S = 60.0
"""Seconds for which a process may start, on a machine that is busy."""
MEMORY_BYTES = 3 * 2**30
"""Of a process's addresses, of which the largest vocabularies take a third."""
MAX_TOKENS = 1_000_000
"""Of one text, more than any model reads."""

_PROGRAM = Path(__file__).with_name("tokenizing_child.py")
_guards: "weakref.WeakKeyDictionary[Any, Guard | None]" = weakref.WeakKeyDictionary()
_turn = threading.Lock()


class UnreadableError(Exception):
    """A tokenizer cannot read a text; the message is a clause that says why."""


class Guard:
    """A tokenizer in a process of its own. Safe to use from any thread; texts wait for each other.

    `written` is its tokenizer.json; `plain` says whether special tokens are read as text.
    """

    def __init__(self, written: str, *, plain: bool) -> None:
        self._first = json.dumps([written, plain, MEMORY_BYTES, MAX_TOKENS])
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def ids(self, text: str) -> list[int]:
        """The ids of a text, without special tokens added. Raises `UnreadableError`."""
        with self._turn:
            if self._process is None or self._process.poll() is not None:
                self._process = _started()
                self._ask(self._first, START_S)
            found = self._ask(json.dumps(text), READ_S)
        if isinstance(found, str):
            raise UnreadableError(found)
        return list(found)

    def close(self) -> None:
        """End the process; the next text starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, line: str, seconds: float) -> Any:
        process = self._process
        assert process is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            return json.loads(_answer(process, line))
        except (OSError, ValueError):  # the pipe is closed, or ends within a line
            self.close()
            why = f"it took longer than {seconds:.0f} s" if late.is_set() else "it broke off"
            raise UnreadableError(f"{why}, and was stopped") from None
        finally:
            timer.cancel()


def guard_of(tokenizer: Any) -> Guard | None:
    """The guard of a tokenizer whose rules need one; None for one that is read here.

    Raises `UnreadableError` for rules that cannot be used at all.
    """
    with _turn:
        if tokenizer in _guards:
            return _guards[tokenizer]
    made = _guarded(tokenizer)
    with _turn:
        kept = _guards.setdefault(tokenizer, made)
    if made is not None and kept is made:
        weakref.finalize(tokenizer, made.close)
    return kept


def _guarded(tokenizer: Any) -> Guard | None:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:  # Python code of transformers' own, without rules from a file
        return None
    written = backend.to_str()
    try:
        rules = tokenizer_rules(json.loads(written))
    except ValueError as error:
        raise UnreadableError(str(error)) from None
    plain = bool(getattr(tokenizer, "split_special_tokens", False))
    return Guard(written, plain=plain) if rules.guarded else None


def _started() -> "subprocess.Popen[str]":
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return subprocess.Popen(  # noqa: S603  # this interpreter, and a program of this package
        [sys.executable, "-I", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**kept, "TOKENIZERS_PARALLELISM": "false"},
    )


def _answer(process: "subprocess.Popen[str]", line: str) -> str:
    given, told = process.stdin, process.stdout
    assert given is not None
    assert told is not None
    given.write(line + "\n")
    given.flush()
    return told.readline()
