// Commits the composer's text areas while they are typed in.
// Streamlit's text area commits on blur or Ctrl+Enter only; this presses Ctrl+Enter for the
// reader after a short pause, so that the token strip follows the typing.
(() => {
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
})();
