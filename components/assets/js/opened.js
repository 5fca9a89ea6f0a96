// Where the page is narrow, a head that is opened in the map stands beneath it: it is scrolled to,
// and has the focus. Where it stands beside the map, the focus stays there for the arrow keys,
// as it does while a reader walks through the map.
(() => {
  const PATIENCE = 15000; // milliseconds: a head that has not come by then is not waited for
  let wanted = null;
  let until = 0;
  const arrive = () => {
    if (wanted === null) return;
    const name = document.querySelector(".st-key-head_detail .hs-head");
    if (Date.now() > until) wanted = null;
    if (name?.querySelector("b")?.textContent !== wanted) return;
    wanted = null;
    const map = document.querySelector(".st-key-map");
    const beside = name.getBoundingClientRect().left > (map?.getBoundingClientRect().right ?? 0);
    if (beside) return;
    name.scrollIntoView({ block: "start" });
    name.focus({ preventScroll: true });
  };
  document.addEventListener("headsweep:opened", (event) => {
    wanted = event.detail;
    until = Date.now() + PATIENCE;
  });
  // Escape closes the head from within it, as it does from the map.
  document.addEventListener("keydown", (event) => {
    const at = event.key === "Escape" && !event.defaultPrevented && event.target;
    if (!(at instanceof Element) || !at.closest(".st-key-head_detail")) return;
    if (at.closest("input, textarea, [aria-expanded=true]")) return;
    document.querySelector(".st-key-clear_head button")?.click();
  });
  new MutationObserver(arrive).observe(document.body, { childList: true, subtree: true, characterData: true });
})();
