// Shows what a term means beside it: under the pointer, at a touch, and when it has the focus.
// The text stands in one element at the end of the page, so that no edge of a box can cut it off.
// A page marks each term once a block. Only its first on the page is underlined and a Tab stop.
(() => {
  const NAME = "hs-tip", GAP = 6, EDGE = 8;  // pixels from the term, and from the window's edges
  const SOON = 120, LATER = 200;  // milliseconds until it opens, and until it goes
  const tip = document.createElement("div");
  tip.id = NAME;
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let shown = null;  // the term that it stands at
  let timer = 0;
  const termOf = (event) => event.target instanceof Element ? event.target.closest(".hs-term") : null;
  const place = () => {
    if (!shown) return;
    if (!shown.isConnected) { hide(); return; }
    const at = shown.getClientRects()[0];
    if (!at) { hide(); return; }
    const width = document.documentElement.clientWidth, height = window.innerHeight;
    const left = Math.min(at.left, width - tip.offsetWidth - EDGE);
    const above = at.top - tip.offsetHeight - GAP;
    const fits = at.bottom + GAP + tip.offsetHeight <= height - EDGE || above < EDGE;
    tip.style.left = `${Math.max(EDGE, left)}px`;
    tip.style.top = `${fits ? at.bottom + GAP : above}px`;
  };
  const hide = () => {
    clearTimeout(timer);
    tip.hidden = true;
    shown?.removeAttribute("aria-describedby");
    shown = null;
  };
  const show = (term) => {
    clearTimeout(timer);
    const said = window.headsweep.terms[term.dataset.term];
    if (!said || term === shown) return;
    hide();
    shown = term;
    const name = document.createElement("b");
    name.textContent = said[0];
    tip.replaceChildren(name, ` ${said[1]}`);
    tip.hidden = false;
    term.setAttribute("aria-describedby", NAME);
    place();
  };
  const after = (wait, act) => { clearTimeout(timer); timer = setTimeout(act, wait); };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const term = termOf(event);
    if (term) after(SOON, () => show(term));
    else if (tip.contains(event.target)) clearTimeout(timer);  // to read it, or to select of it
    else if (shown && shown !== document.activeElement) after(LATER, hide);
    else if (!shown) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const term = termOf(event);
    if (term) show(term);
    else hide();
  });
  document.addEventListener("focusout", (event) => { if (termOf(event) === shown) hide(); });
  document.addEventListener("click", (event) => {
    const term = termOf(event);
    if (term) show(term);
    else if (shown && !tip.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    event.stopPropagation();  // what lies beneath stays open
    hide();
  }, true);
  for (const moved of ["scroll", "resize"]) window.addEventListener(moved, place, true);

  const first = () => {
    const known = new Set();
    for (const term of document.querySelectorAll(".hs-term")) {
      const again = known.has(term.dataset.term);
      if (term.offsetParent !== null) known.add(term.dataset.term);
      const index = again ? -1 : 0;
      if (term.tabIndex !== index) term.tabIndex = index;
      if (term.classList.contains("again") !== again) term.classList.toggle("again", again);
    }
    if (shown && !shown.isConnected) hide();
    toAnchor();
  };
  // A page is drawn after the browser has looked for the place that its address names.
  let sought = "";
  const toAnchor = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const entry = name && name !== sought ? document.getElementById(name) : null;
    if (!entry?.matches(".hs-entry")) return;
    sought = name;
    entry.scrollIntoView({ block: "start" });
  };
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; first(); });
  };
  soon();  // a short page may be whole already
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  window.addEventListener("hashchange", () => { sought = ""; toAnchor(); });
})();
