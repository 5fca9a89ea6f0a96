// Who has dismissed or taken the tour is not offered it again in this browser.
(() => {
  const KEY = "headsweep.tour";
  const hide = () => document.documentElement.classList.add("hs-toured");
  const kept = () => {
    try { return localStorage.getItem(KEY); } catch { return null; } // forbidden by the reader
  };
  if (kept()) hide();
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target?.closest(".st-key-tour_dismiss, .st-key-tour_leave")) return;
    try { localStorage.setItem(KEY, "seen"); } catch { /* it is offered again, then */ }
    if (target.closest(".st-key-tour_dismiss")) hide();
  });
})();
