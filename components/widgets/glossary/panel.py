"""All terms of the glossary, by group, each with an address of its own."""

from markupsafe import Markup

from components.state import Session
from components.widgets.page.address_bar import follow_address
from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html
from core.text.glossary import GROUPS, Group, Term


def glossary_page(state: Session) -> None:
    """Draw every group; the browser's own search finds any word of it.

    Nothing is written into the address bar: a place within the page stands there.
    """
    follow_address(state, "glossary", dict, lambda _: "")
    show_html(
        fill(
            '<div class="hs-glossary-name" aria-hidden="true">Glossary</div>'
            "<p>Every term of art on these pages, for somebody who knows what a neural network is. "
            "On the other pages a term that is underlined with dots says the same when you point "
            "at it, touch it or go to it with the Tab key.</p>"
            '<nav class="hs-contents" aria-label="Groups of terms">{}</nav>',
            joined_html(
                fill('<a href="#{}">{}</a>', _anchor(group), group.title) for group in GROUPS
            ),
        )
    )
    for group in GROUPS:
        show_html(_group(group))


def _group(group: Group) -> Markup:
    return fill(
        '<section aria-labelledby="{anchor}"><h2 class="hs-glossary-title hs-entry" id="{anchor}">'
        '{title}</h2><dl class="hs-glossary">{terms}</dl></section>',
        anchor=_anchor(group),
        title=group.title,
        terms=joined_html(map(_entry, group.terms)),
    )


def _entry(term: Term) -> Markup:
    also = fill('<span class="hs-quiet">Also: {}.</span>', ", ".join(term.other_names))
    read = fill('<span class="hs-quiet">To read: {}.</span>', term.see)
    return fill(
        '<div class="hs-entry" id="term-{slug}"><dt><a href="#term-{slug}">{name}</a></dt>'
        "<dd>{says}{also}{read}</dd></div>",
        slug=term.slug,
        name=term.name,
        says=term.says,
        also=also if term.other_names else "",
        read=read if term.see else "",
    )


def _anchor(group: Group) -> str:
    return "group-" + group.title.lower().replace("’", "").replace(" ", "-")
