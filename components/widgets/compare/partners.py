"""What one would compare side A with: a few kept runs, each by what it changes, one click away."""

import streamlit as st

from components.state import Session
from components.widgets.compare.sides import Sided
from components.widgets.page.messages import note
from components.words.escaping import as_markdown
from core.errors import StoreError
from core.store.keeper import KEEPER
from core.store.partners import Partner, likely_partners


def partners(state: Session, a: Sided) -> bool:
    """Offer them; whether there are any."""
    found = _found(a)
    if not found:
        return False
    with st.container(key="partners"):
        note("Compare A with")
        with st.container(horizontal=True, gap="small"):
            for partner in found:
                st.button(
                    as_markdown(partner.words),
                    key=f"partner_{partner.run_id}",
                    on_click=state.compare.choose,
                    args=("b", ("run", partner.run_id)),
                )
        note("or choose another kept run as B.")
    return True


def _found(a: Sided) -> tuple[Partner, ...]:
    sealed = a.sealed
    try:
        return KEEPER.ask(lambda store: likely_partners(store, sealed.spec, sealed.shape, a.run_id))
    except StoreError:
        return ()  # why the kept runs cannot be listed is said above
