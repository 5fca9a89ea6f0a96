"""The numbers that say what an ablation did."""

from core.text.glossary.term import Group, Term

MEASURES = Group(
    "The numbers",
    (
        Term(
            "metric",
            "A number that says how well the answer stands. A head’s effect is how far it moves "
            "when the head is ablated.",
            ("metrics",),
        ),
        Term(
            "P(target)",
            "The probability that the model gives to the target as what comes next.",
            ("prob", "P(answer)"),
        ),
        Term(
            "pp",
            "Percentage points: the difference of two percentages. From 84 % to 68 % is −16 pp.",
            ("percentage points", "percentage point"),
        ),
        Term(
            "logit",
            "The number that the model gives to a token before all of them are turned into "
            "probabilities. One logit more makes a token e, about 2.7, times as likely against the "
            "others.",
            ("logits",),
        ),
        Term(
            "nats",
            "The unit of natural logarithms. A change of about 0.7 nats of log odds doubles or "
            "halves the odds.",
        ),
        Term(
            "log prob",
            "The natural logarithm of a probability. Near 100 % it hardly moves.",
            ("log probs", "log probability"),
        ),
        Term(
            "log odds",
            "The logarithm of P / (1 − P). It shows a head’s effect near 0 % and near 100 % alike.",
        ),
        Term(
            "logit diff",
            "The logit of the target minus that of the foil: how far the model prefers the one to "
            "the other.",
            ("logit difference",),
            see="Zhang & Nanda 2023, arXiv:2309.16042",
        ),
        Term(
            "margin",
            "The target’s lead over the likeliest other token, whichever that is in each run.",
        ),
        Term(
            "KL",
            "How far the whole prediction moves, whatever the target: the KL divergence of the "
            "ablated run from the clean one. It is never below 0.",
            ("KL divergence",),
        ),
        Term(
            "entropy",
            "How unsure the model is of the next token: 0 where it is certain, more the more "
            "tokens are likely.",
        ),
        Term(
            "rank",
            "The target’s place among all tokens by probability. Rank 1 is the likeliest.",
            ("ranks",),
        ),
        Term(
            "rank correlation",
            "How alike two lists order the same things: 1 the same order, 0 none in common, −1 the "
            "reverse.",
            ("Spearman",),
        ),
    ),
)
