"""The page's one script, static: nothing typed gets in here.

It commits the composer's text areas while they are typed in, gives the arrow keys to the buttons
that go to a neighbouring head, colours the reading view, saves pictures, takes a run's file that
is dropped anywhere, and keeps the browser's Back to what its reader has done.
"""

import streamlit as st


def page_script() -> None:
    """Put the script into the page; it runs once a tab."""
    parts = "".join((_ONCE, _TYPING, _ARROWS, _READING, _SAVING, _DROPPING, _ADDRESS))
    st.html(f"<script>(() => {{{parts}}})();</script>", unsafe_allow_javascript=True)


_ONCE = """
  if (window.headsweepLive) return;
  window.headsweepLive = true;
"""

# Streamlit's text area commits on blur or Ctrl+Enter only; this presses Ctrl+Enter for the
# reader after a short pause, so that the token strip follows the typing.
_TYPING = """
  const LIVE = ".st-key-prompt, .st-key-corrupted_prompt, .st-key-reference_text," +
    " .st-key-own_variants";
  let timer = 0;
  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLTextAreaElement) || !box.closest(LIVE)) return;
    if (event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(() => box.dispatchEvent(new KeyboardEvent("keydown",
      { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true })), 400);
  }, true);
"""

# Wherever arrow keys mean something already (a text, a table, a row of choices) they keep it.
_ARROWS = """
  const OWN = "input, textarea, select, canvas, table, [contenteditable=true], [role=listbox]," +
    " [role=radiogroup], [role=tablist], [role=slider], [role=combobox], .hs-read";
  document.addEventListener("keydown", (event) => {
    const side = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
    const name = side[event.key];
    if (!name || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target instanceof Element && event.target.closest(OWN)) return;
    const button = document.querySelector(`.st-key-head_${name} button`);
    if (!button) return;
    event.preventDefault();
    if (!button.disabled) button.click();
  });
"""

_READING = """
  const pairs = (text) => (text || "").split(",").filter(Boolean)
    .map((pair) => pair.split(":").map(Number));
  const said = (view, at, list) => list.slice(0, 5).map(([i, percent]) => {
    const token = view.querySelector(`[data-at="${i}"]`);
    return `${i} “${token ? token.textContent : ""}” ${percent} %`;
  }).join(", ") || "none by 1 % or more";
  const read = (token) => {
    const view = token.closest(".hs-read");
    const to = pairs(token.dataset.to), from = pairs(token.dataset.from);
    for (const each of view.querySelectorAll("[data-at]")) {
      each.style.removeProperty("--to");
      each.style.removeProperty("--from");
      each.classList.toggle("read", each === token);
    }
    for (const [name, list] of [["--to", to], ["--from", from]]) {
      for (const [i, percent] of list) {
        view.querySelector(`[data-at="${i}"]`)?.style.setProperty(name, `${percent}%`);
      }
    }
    view.querySelector(".hs-read-said").textContent =
      `${token.dataset.at} “${token.textContent}” attends to ` +
      `${said(view, token, to)}. Attending to it: ${said(view, token, from)}.`;
  };
  const chosen = (event) => event.target instanceof Element ?
    event.target.closest(".hs-read [data-at]") : null;
  const held = (token) => token.closest(".hs-read").querySelector(".held");
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const token = chosen(event);
      if (token && !held(token)) read(token);
    });
  }
  const hold = (token) => {
    const before = held(token);
    before?.classList.remove("held");
    if (before !== token) token.classList.add("held");
    read(token);
  };
  document.addEventListener("click", (event) => {
    const token = chosen(event);
    if (token) hold(token);
  });
  document.addEventListener("keydown", (event) => {
    const token = chosen(event);
    if (!token) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      hold(token);
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && token.closest(".hs-read")
      .querySelector(`[data-at="${Number(token.dataset.at) + step}"]`);
    if (next) { event.preventDefault(); next.focus(); }
  });
"""

# The plot's own button makes the picture, by Plotly itself; it reads these options when pressed.
_SAVING = """
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".hs-save") : null;
    const plot = button && document.querySelector(".st-key-picture .js-plotly-plot");
    if (!plot) return;
    plot._context.toImageButtonOptions = {
      format: button.dataset.format,
      filename: button.dataset.name,
      // Of the figure itself: on a narrow page the plot on screen may be smaller.
      width: Number(button.dataset.width),
      height: Number(button.dataset.height),
      scale: button.dataset.format === "png" ? 4 : 1,
    };
    plot.querySelector(".modebar-btn").click();
  });
"""

_DROPPING = """
  const box = () => document.querySelector('[class*="st-key-import_file"] input[type=file]');
  const files = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files") &&
    !(event.target instanceof Element && event.target.closest("[data-testid=stFileUploader]"));
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!files(event)) return;
      event.preventDefault();
      document.body.classList.toggle("hs-dropping", box() !== null);
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("hs-dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("hs-dropping");
    if (!files(event)) return;
    event.preventDefault();  // the browser would leave the page to show the file
    const input = box();
    if (!input || !event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
"""

# Streamlit writes every address as a new step of the browser's history. One that a page writes by
# itself, to complete the address that it was come to by, is no step: Back would only lead to it
# again. It takes the place of the other, until the reader has done something.
_ADDRESS = """
  let touched = false;
  for (const kind of ["pointerdown", "keydown", "drop"]) {
    window.addEventListener(kind, () => { touched = true; }, true);
  }
  window.addEventListener("popstate", () => { touched = false; }, true);
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, title, url) => {
    const same = new URL(url ?? "", location.href).pathname === location.pathname;
    if (same && !touched) return window.history.replaceState(state, title, url);
    if (!same) touched = false;
    return push(state, title, url);
  };
"""
