"""Two runs beside each other, on one scale and as a difference. Read, compute, draw."""

from components.widgets.compare.page import compare_page
from components.widgets.page.frame import begin_page, end_page

state, theme = begin_page()
compare_page(state, theme)
end_page(state)
