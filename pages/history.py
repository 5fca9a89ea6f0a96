"""The kept runs: search, open, name, compare, delete. Read, compute, draw."""

from components.page import begin_page, end_page
from components.widgets.history.page import history

state, theme = begin_page()
history(state, theme)
end_page(state)
