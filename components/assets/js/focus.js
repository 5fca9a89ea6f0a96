// Keeps the focus on the page where the part that has it is drawn anew, or goes away.
// A browser gives it to the whole page then, and whoever uses a keyboard begins again at the top.
// It goes to the same part where that comes back, else to what stood after it, else before it, in
// the smallest part of the page that is left of those around it.
(() => {
  const FOCUSABLE = "a[href], button:not(:disabled), input:not(:disabled), textarea:not(:disabled)," +
    " select:not(:disabled), [tabindex='0']";
  const TERM = ".hs-term"; // it would tell its word unasked, over what came
  // What goes on where a part is gone for good.
  const AFTER = {
    tour_begin: ".st-key-tour_next button",
    tour_dismiss: ".st-key-heatmap [tabindex='0']",
    tour_leave: ".st-key-heatmap [tabindex='0']",
    clear_head: ".st-key-heatmap [tabindex='0']",
    edit: ".st-key-prompt textarea",
    fold: ".st-key-edit button",
    run: ".st-key-edit button",
  };
  const CALM = 150; // milliseconds without a change, once the page's script has run
  const COMING = 2000; // milliseconds that what goes on is waited for
  const PATIENCE = 8000; // milliseconds until something is taken that may come and go still
  const OVER = "[role=dialog], dialog, [data-testid=stPopoverBody]";
  let last = null; // what had the focus, and what was around it
  let beneath = null; // the same of the page, while something that is laid over it has the focus
  let lost = 0; // when it was found to be gone
  let waiting = 0;

  const keyOf = (element) => element.closest("[class*='st-key-']")?.className.match(/st-key-\S+/)?.[0];
  const ownKey = (element) => /st-key-\S/.test(element.className);
  const nameOf = (element) => element.getAttribute("aria-label") || element.textContent.trim();
  const shown = (element) => element.offsetParent !== null && !element.closest("[inert], [aria-hidden=true]");
  const idle = () => // a page that only waits marks the end of what it draws
    document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "running" ||
    document.querySelector("[data-stale='false'] .hs-waiting") !== null;

  const around = (element) => {
    const found = [];
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) found.push(each);
    return found;
  };

  const remember = (element) => {
    const parts = around(element);
    const all = [...document.querySelectorAll(FOCUSABLE)];
    const at = all.indexOf(element);
    const over = element.closest(OVER);
    last = {
      element, over, parts, key: keyOf(element), name: nameOf(element), tag: element.tagName,
      after: all.slice(at + 1, at + 9), before: all.slice(Math.max(0, at - 8), Math.max(0, at)).reverse(),
    };
    if (!over) beneath = last;
  };

  const again = () => {
    if (!last.key) return null;
    const all = [...document.querySelectorAll(`.${CSS.escape(last.key)} ${last.tag.toLowerCase()}`)].filter(shown);
    return all.find((each) => nameOf(each) === last.name) ?? (all.length === 1 ? all[0] : null);
  };

  const next = () => {
    const named = AFTER[last.key?.replace("st-key-", "")];
    const own = named && document.querySelector(named);
    if (own || (named && Date.now() - lost < COMING)) return own;
    const part = last.parts.find((each) => each.isConnected && shown(each) && ownKey(each));
    if (!part) return document.querySelector(".hs-page-title");
    const inside = [...part.querySelectorAll(FOCUSABLE)].filter((each) => shown(each) && !each.matches(TERM));
    const found = [...last.after, ...last.before, ...inside].find((each) => inside.includes(each));
    if (found) return found;
    part.tabIndex = -1;
    return part;
  };

  const look = () => {
    waiting = 0;
    const closed = last?.over && !last.over.isConnected;
    if (closed) last = beneath;
    if (!last || document.activeElement !== document.body || !document.hasFocus()) {
      lost = 0;
      return;
    }
    const there = last.element.isConnected && !last.element.disabled && shown(last.element);
    if (there && !closed) {
      lost = 0; // it was left
      return;
    }
    lost ||= Date.now();
    const found = (there ? last.element : again()) ?? (idle() || Date.now() - lost > PATIENCE ? next() : null);
    if (!found) {
      soon();
      return;
    }
    lost = 0;
    found.focus({ preventScroll: true });
    if (document.activeElement === found) found.scrollIntoView({ block: "nearest" });
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, CALM);
  };

  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLElement && event.target !== document.body) remember(event.target);
  });
  // Whoever clicks beside everything has left it on purpose.
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Element && !event.target.closest(`${FOCUSABLE}, label, [tabindex]`)) last = null;
  }, true);
  new MutationObserver(() => {
    if (last && document.activeElement === document.body) soon();
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
})();
