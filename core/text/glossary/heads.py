"""The roles of heads, and how one is known."""

from core.text.glossary.term import Group, Term

HEADS = Group(
    "What heads do",
    (
        Term(
            "role",
            "What a head is like by where it looks, such as an induction head. A role is measured "
            "on other texts; whether the head matters to this prompt is measured by ablating it.",
            ("roles",),
            is_everyday=True,
        ),
        Term(
            "role score",
            "How much of its attention a head gives, on random tokens said twice, to the tokens "
            "that its role would look at: 0 to 1. It says where a head looks, not what its loss "
            "does.",
            ("role scores",),
        ),
        Term(
            "repeated random tokens",
            "Random tokens, and then the same again. Only what copies from the first time can "
            "predict the second, so heads show there what they are like.",
            ("random tokens said twice", "random words said twice"),
            see="Olsson et al. 2022, arXiv:2209.11895",
        ),
        Term(
            "induction head",
            "A head that looks from a word to what followed the same word earlier, and so helps to "
            "say it again: after “the quick brown fox … the quick brown”, it looks at “fox”.",
            ("induction heads", "induction"),
            see="Olsson et al. 2022, arXiv:2209.11895",
        ),
        Term(
            "previous-token head",
            "A head that looks at the token just before. Induction heads often need one: it tells "
            "each token what came before it.",
            ("previous-token heads", "previous token head", "previous token"),
            see="Olsson et al. 2022, arXiv:2209.11895",
        ),
        Term(
            "duplicate-token head",
            "A head that looks at an earlier copy of the token that it looks from.",
            ("duplicate-token heads", "duplicate token head", "duplicate token"),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "current-token head",
            "A head that looks at the very token that it looks from.",
            ("current token head", "current token"),
        ),
        Term(
            "first-token head",
            "A head that looks at the first token, where heads rest when there is nothing for them "
            "to do.",
            ("first token head",),
        ),
        Term(
            "copying score",
            "Read from a head’s weights alone: near 1, looking at a token tends to make that same "
            "token likelier; near −1, less likely.",
            see="Elhage et al. 2021",
        ),
        Term(
            "copy suppression",
            "What a head does that makes a word less likely because it has been said already.",
            see="McDougall et al. 2023, arXiv:2310.04625",
        ),
        Term(
            "name mover",
            "A head that looks at a name and makes it likelier as the answer.",
            ("name movers",),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "composition score",
            "How well what one head writes fits what a later one reads, by their weights alone: "
            "what could pass between them, not what does on this prompt.",
            ("composition scores", "composition"),
            see="Elhage et al. 2021",
        ),
        Term(
            "backup",
            "Two heads that can each do a job alone back each other up: ablating one shows little, "
            "ablating both shows it.",
            ("back each other up", "backup head", "backup heads"),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "self-repair",
            "When a head is ablated, what follows it makes up for a part of what the answer "
            "loses. It is incomplete, and differs from prompt to prompt.",
            ("self-repaired",),
            see="Rushing & Nanda 2024, arXiv:2402.15390",
        ),
    ),
)
