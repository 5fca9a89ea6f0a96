// Brings a reader who loads the page again back to where they were: the place on the page, and what
// was typed and not swept yet. The address has the rest.
// It is kept in this tab by the browser, from the moment that the page is left to when it is there
// again, and is sent nowhere but into the boxes that it was typed in.
(() => {
  const KEPT = "headsweep.left";
  const BOXES = ":is([data-testid=stTextInput] input, [data-testid=stTextArea] textarea)";
  const PROMPT = "st-key-prompt";
  const CHOICES = ["ablation", "positions"];
  const MOST = 200000; // characters
  const PATIENCE = 30000; // milliseconds that a page may take to be there again
  const EVERY = 150; // milliseconds between two looks at it
  const CALM = 3; // looks

  const box = (key) => document.querySelector(`.${CSS.escape(key)} ${BOXES}`);
  const boxes = () => [...document.querySelectorAll(BOXES)].filter((each) => !each.closest("[role=dialog]"));
  const keyOf = (field) => field.closest("[class*='st-key-']")?.className.match(/st-key-\S+/)[0];
  const chosen = (key) => document.querySelector(`.st-key-${key} [role=radio][aria-checked=true]`);
  const main = () => document.querySelector("[data-testid=stMain]");
  // The page's script has run, and the sweep that the address asks for is done: a box that is
  // filled before would take its place.
  const idle = () => !document.querySelector("[class*='st-key-progress']") &&
    document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
  const store = () => {
    try {
      return window.sessionStorage;
    } catch {
      return null; // a browser that keeps nothing for this site
    }
  };

  const keep = () => {
    const left = { path: location.pathname, scroll: main()?.scrollTop ?? 0, texts: {}, choices: {} };
    for (const field of boxes()) if (keyOf(field)) left.texts[keyOf(field)] = field.value;
    for (const key of CHOICES) if (chosen(key)) left.choices[key] = chosen(key).textContent.trim();
    const text = JSON.stringify(left);
    try {
      if (text.length <= MOST) store()?.setItem(KEPT, text);
    } catch {
      // the browser's room is full: the page begins where its address says
    }
  };

  const taken = () => {
    const kept = store()?.getItem(KEPT);
    store()?.removeItem(KEPT);
    const [navigation] = performance.getEntriesByType("navigation");
    if (!kept || navigation?.type !== "reload") return null;
    try {
      const left = JSON.parse(kept);
      return left.path === location.pathname ? left : null;
    } catch {
      return null;
    }
  };

  // As if it were typed: the page's own parts hear of it.
  const write = (field, text) => {
    const type = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    field.focus({ preventScroll: true });
    Object.getOwnPropertyDescriptor(type.prototype, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.blur();
  };

  // Whoever does something on the page has it as it is; to open the composer is to wait for the rest.
  let touched = false;
  let scrolled = false;
  const touch = (event) => {
    const opens = event.target instanceof Element && event.target.closest(".st-key-edit");
    touched ||= event.isTrusted && !opens;
  };
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, touch, { capture: true, passive: true });
  window.addEventListener("wheel", () => { scrolled = true; }, { capture: true, passive: true });

  // One at a time: each may change what stands beside it.
  const restored = (left) => {
    for (const [key, label] of Object.entries(left.choices)) {
      delete left.choices[key];
      const now = chosen(key);
      const wanted = [...document.querySelectorAll(`.st-key-${key} [role=radio]`)]
        .find((each) => each.textContent.trim() === label);
      if (!now || !wanted || now === wanted) continue;
      wanted.click();
      return false;
    }
    for (const [key, text] of Object.entries(left.texts)) {
      const field = box(key);
      if (!field) continue;
      delete left.texts[key];
      if (field.value === text) continue;
      write(field, text);
      return false;
    }
    return true;
  };

  const place = (left) => {
    const page = main();
    if (scrolled) return true;
    if (page) page.scrollTop = left.scroll;
    return !left.scroll || Math.abs(page.scrollTop - left.scroll) < 4;
  };

  // Whether the composer was open, and is not yet: it may not be drawn so far that it can be opened.
  const unfolds = (left) => {
    if (box(PROMPT) || !(PROMPT in left.texts)) return false;
    document.querySelector(".st-key-edit button")?.click();
    return true;
  };

  // What is drawn changes a few times before all of it stands.
  const state = () => `${main()?.scrollHeight} ${boxes().map((each) => each.value).join()}`;

  const begin = (left) => {
    const until = Date.now() + PATIENCE;
    let before = "";
    let looks = 0; // in a row at which nothing has changed
    const look = () => {
      if (touched || Date.now() > until) return;
      const now = idle() && document.querySelector(".hs-page-title") ? state() : "";
      looks = now && now === before ? looks + 1 : 0;
      before = now;
      if (looks >= CALM) {
        if (!unfolds(left) && restored(left) && place(left)) return;
        looks = 0;
      }
      setTimeout(look, EVERY);
    };
    look();
  };

  const left = taken();
  if (left) begin(left);
  window.addEventListener("pagehide", keep);
})();
