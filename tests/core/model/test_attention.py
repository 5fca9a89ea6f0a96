"""Attention in its several forms against one written out position by position."""

import math

import pytest
import torch

from core.model.attention import attend
from core.model.stack import Scoring

ROWS, HEADS, KV, POS, WIDTH = 3, 4, 2, 9, 8
SLOPES = torch.tensor([0.5, 0.25, 0.125, 0.06])


def plain(q, k, v, queries, scoring):
    """(row, query, head, d_head) by loops: what every query sees, weighed by hand."""
    z = torch.zeros(q.shape[0], len(queries), q.shape[1], q.shape[3])
    group = q.shape[1] // k.shape[1]
    for row in range(q.shape[0]):
        for head in range(q.shape[1]):
            for i, position in enumerate(queries.tolist()):
                first = 0 if scoring.window is None else max(0, position - scoring.window + 1)
                scores = []
                for key in range(first, position + 1):
                    score = float(q[row, head, i] @ k[row, head // group, key]) * scoring.scale
                    if scoring.softcap is not None:
                        score = scoring.softcap * math.tanh(score / scoring.softcap)
                    if scoring.slopes is not None:
                        score += float(scoring.slopes[head]) * key
                    scores.append(score)
                weights = torch.tensor(scores).softmax(0)
                z[row, i, head] = weights @ v[row, head // group, first : position + 1]
    return z


@pytest.mark.parametrize("start", [0, 1, 6])
@pytest.mark.parametrize("queries", ["all", "last", "two"])
@pytest.mark.parametrize(
    "scoring",
    [
        Scoring(0.3),
        Scoring(1.0, window=3),
        Scoring(0.3, window=20),
        Scoring(0.5, softcap=2.0),
        Scoring(0.5, window=4, softcap=1.5),
        Scoring(0.3, slopes=SLOPES),
    ],
    ids=["plain", "window", "wide-window", "softcap", "window-softcap", "alibi"],
)
def test_it_is_attention_written_out(scoring, queries, start):
    """Rows share the keys and values before `start`, and hold their own from there on."""
    torch.manual_seed(0)
    q = 2 * torch.randn(ROWS, HEADS, POS, WIDTH)
    k, v = (torch.randn(ROWS, KV, POS, WIDTH) for _ in range(2))
    k[:, :, :start], v[:, :, :start] = k[:1, :, :start], v[:1, :, :start]
    where = {"all": torch.arange(start, POS), "last": torch.tensor([POS - 1])}.get(
        queries, torch.tensor([max(start, 5), POS - 1])
    )
    shared = (k[0, :, :start], v[0, :, :start]) if start else None
    own = k[:, :, start:], v[:, :, start:]
    found = attend(q[:, :, where], *own, where, scoring, shared)
    torch.testing.assert_close(found, plain(q[:, :, where], k, v, where, scoring))
