"""The parts of a transformer that are spoken of."""

from core.text.glossary.term import Group, Term

MODEL = Group(
    "The model’s parts",
    (
        Term(
            "layer",
            "One of the steps that a transformer is made of, one after the other: several "
            "attention heads, and an MLP. Layers are counted from 0.",
            ("layers",),
        ),
        Term(
            "attention head",
            "A part of a layer that looks from each token at earlier ones and carries what it "
            "finds there to where it looks from. L1H3 is head 3 of layer 1.",
            ("head", "heads", "attention heads"),
            see="Elhage et al. 2021",
        ),
        Term(
            "MLP",
            "The other half of a layer: a small network that works on each position by itself and "
            "looks at no other.",
            ("MLPs",),
        ),
        Term(
            "residual stream",
            "The vector that a model keeps at each position. Every head and MLP reads from it and "
            "adds what it writes to it, up to the prediction at the end.",
            ("the stream",),
            see="Elhage et al. 2021",
        ),
        Term(
            "attention pattern",
            "How much a head looks from each token at each earlier one, as weights between 0 and "
            "1. From one token they sum to 1.",
            ("attention weight", "attention weights", "attention patterns"),
        ),
        Term(
            "query",
            "What a head asks for at the token that it looks from (Q). Where a key fits it, it "
            "looks.",
            is_everyday=True,
        ),
        Term(
            "key",
            "What a token offers to be found by (K). A head looks from a query to the keys that "
            "fit it.",
            is_everyday=True,
        ),
        Term(
            "value",
            "What a head carries away from a token that it looks at (V).",
            is_everyday=True,
        ),
        Term(
            "z",
            "A head’s output before its output weights W_O: the mean of the values that it looks "
            "at, weighted by its attention. It is what an ablation replaces.",
            ("hook_z",),
            is_everyday=True,
        ),
        Term(
            "QK circuit",
            "A head’s query and key weights together: they decide where it looks.",
            ("QK",),
            see="Elhage et al. 2021",
        ),
        Term(
            "OV circuit",
            "A head’s value and output weights together: they decide what looking at a token does "
            "to the prediction.",
            ("OV",),
            see="Elhage et al. 2021",
        ),
        Term(
            "final norm",
            "A step before the prediction that brings the residual stream to one scale. When a "
            "head is taken out that scale changes a little, for everything else too.",
            ("LayerNorm", "norm’s scale"),
        ),
        Term(
            "softmax",
            "What turns any numbers into shares that sum to 1. Attention and predictions both end "
            "in one.",
        ),
        Term(
            "grouped queries",
            "A design in which several heads share one set of keys and values.",
            ("grouped-query",),
        ),
        Term(
            "processed weights",
            "The model’s weights, rewritten so that they are easier to read: norms folded into "
            "what follows them, means taken out. The model predicts the same; two kinds of "
            "ablation, zero and mean across heads, do not do the same.",
            ("raw weights",),
        ),
    ),
)
