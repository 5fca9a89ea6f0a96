// Where the page is narrow, a head that is opened in the map stands beneath it: it is scrolled to,
// and has the focus. Where it stands beside the map, the focus stays there for the arrow keys.
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
  new MutationObserver(arrive).observe(document.body, { childList: true, subtree: true, characterData: true });
})();
