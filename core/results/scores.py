"""The numbers of a batch of rows, as arrays; `core.sweep.scores` reads them off the logits."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RowScores:
    """Scores of a batch of rows; every array is (row,) unless said otherwise.

    Logs are natural. `kl` is KL(clean || row), summed over the answer's positions. `rank` (from
    1), `entropy`, `margin` and `top_ids`, `top_probs` (row, TOP) are read where the answer's first
    token is: for an answer set, `rank` is that of its best member. `margin` is the log prob of
    the first token (of a set: of all its members together) minus that of the likeliest token that
    is not the answer; None where an answer set leaves no token out. `token_logprob` (row, token)
    has a column for each token of a teacher-forced answer. `foil_logprob` is None without a foil.
    `part_logprob` is the log prob of that part of the target with which the foil is compared,
    where both part; None where the whole target is.
    """

    logprob: np.ndarray
    logodds: np.ndarray
    kl: np.ndarray
    entropy: np.ndarray
    rank: np.ndarray
    top_ids: np.ndarray
    top_probs: np.ndarray
    token_logprob: np.ndarray
    margin: np.ndarray | None = None
    foil_logprob: np.ndarray | None = None
    part_logprob: np.ndarray | None = None
