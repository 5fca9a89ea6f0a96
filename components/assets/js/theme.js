// Has the page drawn again when the browser's theme changes, at sunset say.
// Streamlit changes its own colours at once; ours, and those of the pictures, come from the server.
(() => {
  const WAIT = 300; // milliseconds: the theme is changed in several steps
  let waiting = 0;
  const app = () => document.querySelector("[data-testid=stApp]");
  const drawn = () => getComputedStyle(document.documentElement).getPropertyValue("--hs-scheme").trim();
  const look = () => {
    const now = app() && getComputedStyle(app()).colorScheme;
    if (!drawn() || !now || now === drawn()) return;
    if (app().dataset.testScriptState === "notRunning") document.querySelector(".st-key-redraw button")?.click();
    else soon();
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, WAIT);
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  // Whoever chooses a theme in the page's own menu.
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[role=dialog], [role=menu], [role=listbox]")) soon();
  });
})();
