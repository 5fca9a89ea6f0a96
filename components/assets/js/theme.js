// Has the page drawn again when the browser's theme changes, at sunset say.
// Streamlit changes its own colours at once; ours, and those of the pictures, come from the server.
(() => {
  const EVERY = 300; // milliseconds between two looks: Streamlit changes its colours in its own time
  const LOOKS = 30;
  let left = 0; // looks
  const app = () => document.querySelector("[data-testid=stApp]");
  const drawn = () => getComputedStyle(document.documentElement).getPropertyValue("--hs-scheme").trim();
  const look = () => {
    left -= 1;
    const now = app() && getComputedStyle(app()).colorScheme;
    const differs = now && drawn() && now !== drawn();
    if (differs && app().dataset.testScriptState === "notRunning") {
      document.querySelector(".st-key-redraw button")?.click();
      left = 0;
    }
    if (left > 0) setTimeout(look, EVERY);
  };
  const soon = () => {
    const waits = left > 0;
    left = LOOKS;
    if (!waits) setTimeout(look, EVERY);
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  // Whoever chooses a theme in the page's own menu.
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[role=dialog], [role=menu], [role=listbox]")) soon();
  });
})();
