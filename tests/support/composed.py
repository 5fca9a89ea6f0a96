"""What stands in the composer, in a session, against a spec."""

from support.session_page import SessionPage

from components.state.answer_syntax import positions_text, typed_answer
from core.spec.spec import SweepSpec


def is_composed(page: SessionPage, spec: SweepSpec) -> None:
    """The composer's fields are the spec's."""
    assert page.typed("prompt") == spec.prompt
    assert page.typed("target") == typed_answer(spec.target)
    assert page.typed("foil") == typed_answer(spec.foil)
    assert page.pressed("ablation") == [spec.ablation.label]
    chosen = not isinstance(spec.positions, str)
    assert page.pressed("positions") == ["chosen" if chosen else spec.positions]
    if chosen:
        assert page.typed("chosen_positions") == positions_text(spec.positions)
    if spec.corrupted_prompt is not None:
        assert page.typed("corrupted_prompt") == spec.corrupted_prompt
    if spec.reference is not None:
        assert page.typed("reference_text") == "\n".join(spec.reference)
    bos = {None: [], True: ["BOS first"], False: ["no BOS"]}[spec.prepend_bos]
    usual = ((spec.weights, "processed"), (spec.dtype, "float32"))
    more = ", ".join(bos + [given for given, default in usual if given != default])
    assert (more or "More") in page.text("more_choices")
