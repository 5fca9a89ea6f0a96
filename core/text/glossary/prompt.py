"""The prompt, the answer and what a run is."""

from core.text.glossary.term import Group, Term

PROMPT = Group(
    "The prompt and the answer",
    (
        Term(
            "token",
            "A piece of text that the model reads or writes as one unit: a word with the space "
            "before it, a part of a word, or a sign.",
            ("tokens",),
        ),
        Term(
            "tokenizer",
            "What cuts a text into the model’s tokens. Each model has its own, so that one word "
            "may be one token here and three there.",
        ),
        Term(
            "vocabulary",
            "All the tokens that a model knows. It gives each of them a probability of coming "
            "next.",
        ),
        Term("prompt", "The text that the model reads before it predicts what comes next."),
        Term(
            "position",
            "The place of a token in the prompt, counted from 0.",
            ("positions",),
        ),
        Term(
            "BOS",
            "A token for the beginning of a text, put before the prompt. Many heads look at it "
            "when they have nothing else to look at, so it changes results.",
            ("beginning of sequence",),
        ),
        Term(
            "target",
            "The answer that is measured: the token, or the tokens, whose probability after the "
            "prompt is watched.",
            ("target token",),
        ),
        Term(
            "foil",
            "A rival answer, which fits the prompt but is wrong. With one, it is measured how far "
            "the model prefers the target to it.",
        ),
        Term(
            "answer set",
            "Several single tokens that count as one answer, such as all years above 32. Their "
            "probabilities are added.",
            ("answer sets",),
        ),
        Term(
            "clean",
            "As the model is, with nothing ablated or patched, on the prompt itself.",
            ("clean run", "clean runs", "nothing ablated"),
            is_everyday=True,
        ),
        Term(
            "baseline",
            "What the model says in the clean run. Every change is counted from there.",
        ),
        Term(
            "corrupted prompt",
            "A second prompt with as many tokens, in which the words that decide the answer are "
            "others. What a head writes there is put in its place here.",
            ("corrupted run", "corrupted", "corrupted version"),
        ),
        Term(
            "teacher-forced",
            "How an answer of several tokens is measured: each token’s probability is taken after "
            "the right tokens before it, and these are multiplied.",
            ("teacher forcing",),
        ),
    ),
)
