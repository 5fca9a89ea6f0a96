// Colours the text of the reading view as the pointer or the focus moves.
(() => {
  const pairs = (text) => (text || "").split(",").filter(Boolean)
    .map((pair) => pair.split(":").map(Number));
  const said = (view, list) => list.slice(0, 5).map(([i, percent]) => {
    const token = view.querySelector(`[data-at="${i}"]`);
    return `${i} “${token ? token.textContent : ""}” ${percent} %`;
  }).join(", ") || "none by 1 % or more";
  const read = (token) => {
    const view = token.closest(".hs-read");
    const to = pairs(token.dataset.to), from = pairs(token.dataset.from);
    for (const each of view.querySelectorAll("[data-at]")) {
      each.style.removeProperty("--to");
      each.style.removeProperty("--from");
      each.classList.toggle("read", each === token);
    }
    for (const [name, list] of [["--to", to], ["--from", from]]) {
      for (const [i, percent] of list) {
        view.querySelector(`[data-at="${i}"]`)?.style.setProperty(name, `${percent}%`);
      }
    }
    view.querySelector(".hs-read-said").textContent =
      `${token.dataset.at} “${token.textContent}” attends to ` +
      `${said(view, to)}. Attending to it: ${said(view, from)}.`;
  };
  const chosen = (event) => event.target instanceof Element ?
    event.target.closest(".hs-read [data-at]") : null;
  const held = (token) => token.closest(".hs-read").querySelector(".held");
  let kept = null;  // the position that the reader holds; else each head opens on the answer's
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const token = chosen(event);
      if (token && !(kept !== null && held(token))) read(token);
    });
  }
  // Nobody has chosen the answer's: the text goes back to it, and others are shown meanwhile.
  document.addEventListener("pointerout", (event) => {
    const token = chosen(event), back = token && kept === null && held(token);
    if (back) read(back);
  });
  const hold = (token) => {
    const before = held(token);
    before?.classList.remove("held");
    if (before !== token) token.classList.add("held");
    kept = before === token ? null : token.dataset.at;
    read(token);
  };
  // Another head's text has come: the reader's own token stays held, and keeps the focus.
  const renew = (view) => {
    const token = kept !== null && view.querySelector(`[data-at="${kept}"]`);
    if (!token || token.classList.contains("held")) return;
    held(token)?.classList.remove("held");
    token.classList.add("held");
    read(token);
    if (document.activeElement === document.body && focused) token.focus({ preventScroll: true });
  };
  let focused = false;  // whether the focus was in a text that has gone since
  document.addEventListener("focusin", (event) => { focused = !!chosen(event); });
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        const view = node instanceof Element &&
          (node.matches(".hs-read") ? node : node.querySelector(".hs-read"));
        if (view) renew(view);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const token = chosen(event);
    if (token) hold(token);
  });
  document.addEventListener("keydown", (event) => {
    const token = chosen(event);
    if (!token) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      hold(token);
    }
    if (token.classList.contains("held")) return;  // the arrow keys go to other heads
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && token.closest(".hs-read")
      .querySelector(`[data-at="${Number(token.dataset.at) + step}"]`);
    if (next) { event.preventDefault(); next.focus(); }
  });
})();
