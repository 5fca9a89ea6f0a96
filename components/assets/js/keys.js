// The keys that act wherever the focus is: components/words/keys.py lists them.
// A character is a key only while nobody types; who speaks to the computer can switch these off.
(() => {
  const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select, canvas," +
    " [contenteditable=true], [role=combobox], [role=listbox]";
  const SWITCH = "headsweep.keys"; // the reader's own, in this browser
  const WAIT = 60; // milliseconds between two looks at the page's state
  const PATIENCE = 5000; // milliseconds until what was typed has surely been heard

  const dialog = () => document.querySelector("dialog.hs-keys");
  // A page that only waits has heard everything: it marks the end of what it draws.
  const busy = () =>
    document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running" &&
    !document.querySelector("[data-stale='false'] .hs-waiting");
  const enabled = (button) => (button && !button.disabled ? button : null);
  // A button with a hint is in the page twice, and one of the two is shown.
  const button = (key) => [...document.querySelectorAll(`.st-key-${key} button`)]
    .find((each) => each.offsetParent !== null);
  const choices = (key) => [...document.querySelectorAll(`.st-key-${key} [role=radio]`)]
    .filter((each) => each.offsetParent !== null);

  const stored = (change) => {
    try {
      return change(window.localStorage);
    } catch {
      return null; // a browser that keeps nothing for this site
    }
  };
  const lettersOff = () => stored((kept) => kept.getItem(SWITCH)) === "off";

  // What is typed in a box of one line reaches the server when it is left, or by Enter.
  const commit = (box) => {
    if (!(box instanceof HTMLInputElement) && !(box instanceof HTMLTextAreaElement)) return;
    box.blur();
    box.focus({ preventScroll: true });
  };

  // After the server has heard what was typed: the button may be waiting for just that.
  const run = () => {
    const until = Date.now() + PATIENCE;
    const look = () => {
      if (busy() && Date.now() < until) setTimeout(look, WAIT);
      else enabled(button("run"))?.click();
    };
    setTimeout(look, WAIT);
  };

  const view = (number) => enabled(choices("head_views")[number - 1])?.click();

  const nextMetric = () => {
    const all = choices("metric").filter(enabled);
    if (!all.length) return;
    const now = all.findIndex((each) => each.getAttribute("aria-checked") === "true");
    all[(now + 1) % all.length].click();
  };

  const open = () => {
    const list = dialog();
    if (!list || list.open) return;
    list.querySelector(".hs-keys-letters").checked = !lettersOff();
    list.showModal();
    list.querySelector(".hs-keys-close").focus();
  };

  const typing = (target) => target instanceof Element && target.closest(TYPED) !== null;
  const inDialog = () => document.querySelector("dialog[open], [role=dialog]") !== null;

  const letter = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return false;
    if (typing(event.target) || inDialog() || lettersOff()) return false;
    if (event.key === "?") open();
    else if (/^[1-7]$/.test(event.key)) view(Number(event.key));
    else if (event.key === "m" || event.key === "M") nextMetric();
    else return false;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    // The page's own script presses Ctrl+Enter too, to have a text heard: that sweeps nothing.
    if (event.isTrusted && event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      if (inDialog()) return;
      commit(event.target);
      run();
    } else if (!event.defaultPrevented && letter(event)) {
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(".hs-keys-open")) open();
    else if (target?.closest(".hs-keys-close") || target === dialog()) dialog().close();
  });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof Element) || !box.matches(".hs-keys-letters")) return;
    stored((kept) => (box.checked ? kept.removeItem(SWITCH) : kept.setItem(SWITCH, "off")));
  });
})();
