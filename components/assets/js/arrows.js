// Gives the arrow keys to the buttons that go to a neighbouring head.
// Wherever arrow keys mean something already (a text, a table, a row of choices) they keep it.
(() => {
  const OWN = "input, textarea, select, canvas, table, [contenteditable=true], [role=listbox]," +
    " [role=radiogroup], [role=tablist], [role=slider], [role=combobox], [role=grid]," +
    " .hs-read [data-at]:not(.held)";
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
})();
