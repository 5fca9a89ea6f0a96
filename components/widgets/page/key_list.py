"""The list of keys: a dialog that stands in the page, and is opened there by its script."""

from markupsafe import Markup

from components.words.keys import KEYS, Key
from components.words.markup import fill, joined_html


def key_list() -> Markup:
    """A button for whoever has no ?, and the dialog that both open."""
    return fill(
        '<button type="button" class="hs-keys-open" aria-label="Keys of this page" '
        'aria-keyshortcuts="?" title="Keys of this page (?)">?</button>'
        '<dialog class="hs-keys" aria-labelledby="hs-keys-title">'
        '<h2 id="hs-keys-title">Keys</h2><dl>{}</dl>'
        '<label><input type="checkbox" class="hs-keys-letters"> Keys of one character are on. '
        "Switch them off if you speak to your computer.</label>"
        '<button type="button" class="hs-keys-close">Close</button></dialog>',
        joined_html(map(_line, KEYS)),
    )


def _line(key: Key) -> Markup:
    return fill("<dt><kbd>{}</kbd></dt><dd>{}</dd>", key.pressed, key.does)
