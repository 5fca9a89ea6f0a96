"""What a user does on the dashboard, by the stable keys of its widgets."""

import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from support.one_step_away import DETAILS, is_of_composer
from support.serving import HEIGHT

FINISHED = "document.querySelector('.st-key-progress') === null"
TIMEOUT = 60_000
POLLING = 60
"""Milliseconds between two looks at a page that something is waited for on."""

_CELL = """([layer, head, fx, fy]) => {
  const box = document.querySelector(
    `.st-key-heatmap .hs-cell[data-layer="${layer}"][data-head="${head}"]`).getBoundingClientRect();
  return [box.left + fx * box.width, box.top + fy * box.height];
}"""


_POINT = """(gd, [layer, head]) => {
  for (const t of gd.data) {
    const at = (t.customdata || []).findIndex(c => c[0] === layer && c[1] === head);
    if (at < 0) continue;
    const box = gd.getBoundingClientRect(), l = gd._fullLayout;
    const x = l[(t.xaxis || 'x').replace('x', 'xaxis')];
    const y = l[(t.yaxis || 'y').replace('y', 'yaxis')];
    return [box.left + x._offset + x.d2p(t.x[at]), box.top + y._offset + y.d2p(t.y[at])];
  }
  return null;
}"""


_OUTLINED = """() => Array.from(document.querySelectorAll('.hs-cell.on'),
  cell => `selected L${cell.dataset.layer}H${cell.dataset.head}`)"""


_FORBIDDEN = "A policy forbids"
_TELL_FORBIDDEN = f"""document.addEventListener('securitypolicyviolation', e =>
  console.error(`{_FORBIDDEN} ${{e.blockedURI}} (${{e.effectiveDirective}})`));"""
"""What the server's policy does not let a page do is an error of the page."""


def prepared_tab(context: Any) -> Any:
    """A new tab that waits patiently, and looks at the page seldom enough to let it work."""
    tab = context.new_page()
    tab.add_init_script(_TELL_FORBIDDEN)
    tab.wait_for_function = partial(_wait_for_function, tab)
    tab.set_default_timeout(TIMEOUT)
    return tab


def _wait_for_function(
    tab: Any, expression: str, *, arg: Any = None, timeout: float | None = None
) -> None:
    """Until an expression, or a function of `arg`, is true of the page.

    Playwright's own has the page evaluate a text, which the dashboard's policy forbids. It would
    also look at every frame, and laying out the page sixty times a second is most of what a
    machine then does.
    """
    end = time.monotonic() + (TIMEOUT if timeout is None else timeout) / 1000
    while not _is_true(tab, expression, arg):
        if time.monotonic() > end:
            raise TimeoutError(f"It did not become true: {expression}")
        tab.wait_for_timeout(POLLING)


def _is_true(tab: Any, expression: str, arg: Any) -> bool:
    from playwright.sync_api import Error

    try:
        return bool(tab.evaluate(expression, arg))
    except Error as error:
        if "context was destroyed" in str(error):  # the page goes elsewhere
            return False
        raise


class DashboardPage:
    """One tab on the dashboard, as `prepared_tab` gives it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.script_errors: list[str] = []
        self._heard = {
            "pageerror": self._on_error,
            "dialog": self._on_dialog,
            "console": self._on_console,
        }
        for event, listener in self._heard.items():
            page.on(event, listener)

    def leave(self) -> None:
        """Give the tab up: its session has ended, and it is as empty as a new one.

        What the browser has compiled stays in it, so that the next page in it costs half.
        """
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        for event, listener in self._heard.items():
            self.page.remove_listener(event, listener)

    def _on_error(self, error: Any) -> None:
        self.script_errors.append(str(error))

    def _on_console(self, message: Any) -> None:
        if message.text.startswith(_FORBIDDEN):
            self.script_errors.append(message.text)

    def _on_dialog(self, dialog: Any) -> None:
        self.script_errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.wait_heatmap()

    def wait_heatmap(self) -> None:
        self.page.wait_for_selector(".st-key-heatmap .hs-cell", timeout=TIMEOUT)

    def wait_live(self) -> None:
        """Until the embedded model is loaded, so that what is typed is tokenised."""
        self.page.wait_for_function(
            "!document.body.textContent.includes('which is still being loaded')", timeout=TIMEOUT
        )
        self.settle()

    def settle(self) -> None:
        """Until Streamlit has run the script and nothing computes."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')"
            "?.dataset.testScriptState === 'notRunning' && " + FINISHED,
            timeout=TIMEOUT,
        )

    def text(self, key: str) -> str:
        """The visible text of a container, white space collapsed."""
        self.reach(key)
        found = self.page.query_selector(f".st-key-{key}")
        return re.sub(r"\s+", " ", found.inner_text()).strip() if found else ""

    def wait_text(self, key: str, part: str) -> None:
        self.reach(key)
        self.page.wait_for_function(
            "([key, part]) => document.querySelector('.st-key-' + key)"
            "?.innerText.replace(/\\s+/g, ' ').includes(part)",
            arg=[key, part],
            timeout=TIMEOUT,
        )

    def wait_error(self, part: str) -> None:
        """Until a message beneath a field says `part`."""
        self._wait_said(".hs-error", part)

    def _wait_said(self, selector: str, part: str) -> None:
        self.page.wait_for_function(
            "([selector, part]) => Array.from(document.querySelectorAll(selector))"
            ".some(e => e.innerText.replace(/\\s+/g, ' ').includes(part))",
            arg=[selector, part],
            timeout=TIMEOUT,
        )

    def wait_value(self, key: str, value: str) -> None:
        """Until a text input holds `value`."""
        self.reach(key)
        self.page.wait_for_function(
            "([key, value]) => document.querySelector("
            "`.st-key-${key} :is(input, textarea)`)?.value === value",
            arg=[key, value],
            timeout=TIMEOUT,
        )

    def wait_gone(self, key: str) -> None:
        """Until a container is empty or out of the page."""
        self.page.wait_for_function(
            "key => !document.querySelector('.st-key-' + key)?.innerText.trim()",
            arg=key,
            timeout=TIMEOUT,
        )

    def type_prompt(self, text: str) -> None:
        self.type_area("prompt", text)

    def reach(self, key: str) -> None:
        """Take the step to something that is not on the page: open the composer, or a detail."""
        there = self.page.query_selector(f'[class*="st-key-{key}"]')
        if there is not None and there.is_visible():
            return
        part, edit = DETAILS.get(key), self.page.query_selector(".st-key-edit button")
        if part is not None and self.page.query_selector(".st-key-detail") is not None:
            self.choose("detail", part)
        elif edit is not None and is_of_composer(key):
            edit.click()
            self.page.wait_for_selector(f".st-key-{key}", timeout=TIMEOUT)
            self.settle()
            # A box is drawn empty first; the prompt of a folded composer never is.
            self.page.wait_for_function("document.querySelector('.st-key-prompt textarea')?.value")

    def type(self, key: str, text: str) -> None:
        self.reach(key)
        box = self.page.locator(f".st-key-{key} input").first
        box.fill(text)
        box.press("Enter")
        self.settle()

    def choose_model(self, name: str) -> None:
        self.reach("model")
        box = self.page.locator(".st-key-model input")
        box.click()
        box.fill(name)
        self.page.wait_for_timeout(200)
        box.press("Enter")
        self.settle()

    def run(self) -> None:
        self.page.locator(".st-key-run button").click()
        self.settle()
        self.wait_gone("situation")

    def click_button(self, key: str) -> None:
        self.reach(key)
        # A button with a tooltip is in the page twice.
        self.page.locator(f".st-key-{key} button").first.click()
        self.settle()

    def choose(self, key: str, label: str) -> None:
        self.reach(key)
        exactly = re.compile(rf"^\s*{re.escape(label)}\s*$")
        self.page.locator(f".st-key-{key} button", has_text=exactly).first.click()
        self.settle()

    def cell_at(self, layer: int, head: int, fx: float = 0.5, fy: float = 0.5) -> list[float]:
        """Where on the screen a cell is; `fx`, `fy` from 0 to 1 across it."""
        return self.page.evaluate(_CELL, [layer, head, fx, fy])

    def at_rest(self, layer: int, head: int, fx: float, fy: float) -> list[float]:
        """Where a cell is once it is in view and the page has stopped moving."""
        self.page.evaluate(
            "document.querySelector('.st-key-heatmap').scrollIntoView({block: 'nearest'})"
        )
        before, now = None, self.cell_at(layer, head, fx, fy)
        while now != before:
            self.page.wait_for_timeout(150)
            before, now = now, self.cell_at(layer, head, fx, fy)
        return now

    def click_cell(self, layer: int, head: int, fx: float = 0.5, fy: float = 0.5) -> None:
        x, y = self.at_rest(layer, head, fx, fy)
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(120)
        self.page.mouse.click(x, y)
        self.settle()

    def hover_cell(self, layer: int, head: int) -> str:
        """What is told of a cell under the pointer."""
        x, y = self.cell_at(layer, head)
        self.page.mouse.move(x - 3, y - 3)
        self.page.mouse.move(x, y)
        return self.tip()

    def tip(self) -> str:
        """What is told of the place on the heatmap that is pointed at."""
        return str(self.page.locator(".hs-grid-tip.on").inner_text())

    def z(self) -> list[list[float | None]]:
        """The heatmap's values, layer by layer; None where a cell is empty."""
        self.wait_heatmap()
        return self.page.evaluate(
            "() => Array.from(document.querySelectorAll('.hs-grid-row:has(.hs-cell)'), row =>"
            " Array.from(row.querySelectorAll('.hs-cell'),"
            " cell => cell.dataset.value === '' ? null : Number(cell.dataset.value)))"
        )

    def figure(self, key: str) -> Any:
        """The plot whose key begins with `key`: some keys go on with a number of clicks."""
        self.reach(key)
        return self.page.locator(f'[class*="st-key-{key}"] .js-plotly-plot').first

    def of_figure(self, key: str, expression: str) -> Any:
        """Evaluate a JavaScript expression of `gd`, that plot, once it is drawn."""
        plot = self.figure(key)
        plot.locator(".plot-container .main-svg").first.wait_for(timeout=TIMEOUT)
        return plot.evaluate(f"gd => ({expression})")

    def values_of(self, key: str, nth: int = 0) -> list[list[float | None]]:
        """The values of a figure's last heatmap but `nth`: hairlines lie beneath it."""
        return self.of_figure(
            key,
            "Array.from(gd.data.filter(t => t.type === 'heatmap' && t.coloraxis)"
            f".at({nth}).z, row => Array.from(row))",
        )

    def click_head(self, key: str, layer: int, head: int) -> None:
        """Click the point of a head in a figure."""
        plot = self.figure(key)
        # At once: Playwright's own waits for it to rest, and fails where it is drawn anew then.
        plot.evaluate("gd => gd.scrollIntoViewIfNeeded()")
        before = None
        while (now := plot.evaluate(_POINT, [layer, head])) != before:
            self.page.wait_for_timeout(150)
            before = now
        self.page.mouse.move(now[0] - 2, now[1])
        self.page.mouse.move(*now)
        self.page.wait_for_timeout(120)
        self.page.mouse.click(*now)
        self.settle()

    def go(self, title: str) -> None:
        """To another page by its link, in the same session."""
        self.page.get_by_role("link", name=title).click()
        self.settle()

    def query(self) -> str:
        """What the address bar has after the question mark."""
        return str(self.page.evaluate("location.search"))

    def outlined(self) -> list[str]:
        """The outlines on the heatmap."""
        self.wait_heatmap()
        return self.page.evaluate(_OUTLINED)

    def visit(self, address: str) -> None:
        """To an address, as by a link from outside: a new session."""
        self.page.goto(address)
        begun = ":is(.st-key-composer, .st-key-history, .st-key-compare_sides)"
        self.page.wait_for_selector(begun, timeout=TIMEOUT)
        self.settle()

    def wait_address(self, params: Mapping[str, Sequence[str]]) -> None:
        """Until the address bar has just these parameters."""
        wanted = sorted([name, text] for name, texts in params.items() for text in texts)
        try:
            self.page.wait_for_function(
                """wanted => JSON.stringify(
                     Array.from(new URLSearchParams(location.search)).sort())
                  === JSON.stringify(wanted.sort())""",
                arg=wanted,
                timeout=TIMEOUT,
            )
        except TimeoutError:
            there = self.page.evaluate("location.pathname + location.search")
            raise AssertionError(f"The address never had {wanted}; it is {there!r}.") from None

    def pressed(self, key: str) -> list[str]:
        """The chosen ones of a row of choices."""
        self.reach(key)
        return self.page.evaluate(
            "key => Array.from(document.querySelectorAll("
            "`.st-key-${key} button[aria-checked=true]`), b => b.innerText.trim())",
            key,
        )

    def typed(self, key: str) -> str:
        """What stands in a text box."""
        self.reach(key)
        return self.page.locator(f".st-key-{key} :is(input, textarea)").first.input_value()

    def banners(self) -> str:
        """What the page says above everything else."""
        found = self.page.locator(".hs-banner").all_inner_texts()
        return re.sub(r"\s+", " ", " ".join(found)).strip()

    def wait_banner(self, part: str) -> None:
        """Until a banner says `part`; its element is fetched by the browser when first used."""
        self._wait_said(".hs-banner", part)

    def drop_file(self, name: str, content: str, on: str) -> None:
        """Drop a file on whatever `on` selects."""
        self.page.locator(on).first.evaluate(
            """(target, [name, content]) => {
              const data = new DataTransfer();
              data.items.add(new File([content], name, { type: 'application/json' }));
              for (const kind of ['dragenter', 'dragover', 'drop']) {
                target.dispatchEvent(new DragEvent(kind,
                  { bubbles: true, cancelable: true, dataTransfer: data }));
              }
            }""",
            [name, content],
        )
        self.settle()

    def type_area(self, key: str, text: str) -> None:
        """Into a box of several lines, and leave it."""
        self.reach(key)
        box = self.page.locator(f".st-key-{key} textarea")
        box.fill(text)
        box.blur()  # Ctrl+Enter would sweep
        self.settle()

    def resize(self, width: int) -> None:
        """Give the window another width, and wait until the figures have theirs.

        The tab's next user finds the window as it was.
        """
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.settle()
        drawn = "Array.from(document.querySelectorAll('.main-svg'), e => e.clientWidth)"
        before = None
        while (now := self.page.evaluate(drawn)) != before:
            self.page.wait_for_timeout(150)
            before = now

    def overflow(self, part: str) -> int:
        """Pixels by which what `part` selects is wider than its place."""
        return self.page.evaluate(
            "s => { const e = document.querySelector(s); return e.scrollWidth - e.clientWidth; }",
            part,
        )

    def points_of(self, key: str) -> tuple[list[float], list[float]]:
        """x and y of a figure's first trace."""
        x, y = self.of_figure(key, "[Array.from(gd.data[0].x), Array.from(gd.data[0].y)]")
        return x, y
