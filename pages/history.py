"""The kept runs: search, open, name, compare, delete. Read, compute, draw."""

from components.widgets.history.page import history
from components.widgets.page.frame import begin_page, end_page

state, theme = begin_page()
history(state, theme)
end_page(state)
