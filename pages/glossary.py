"""Every term of art in plain words. Read, draw."""

from components.widgets.glossary.panel import glossary_page
from components.widgets.page.frame import begin_page, end_page

state, theme = begin_page()
glossary_page(state)
end_page(state)
