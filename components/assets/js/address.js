// Keeps the browser's Back to what its reader has done.
// Streamlit writes every address as a new step of the browser's history. One that a page writes by
// itself, to complete the address that it was come to by, is no step: Back would only lead to it
// again. It takes the place of the other, until the reader has done something.
(() => {
  let touched = false;
  for (const kind of ["pointerdown", "keydown", "drop"]) {
    window.addEventListener(kind, () => { touched = true; }, true);
  }
  window.addEventListener("popstate", () => { touched = false; }, true);
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, title, url) => {
    const same = new URL(url ?? "", location.href).pathname === location.pathname;
    if (same && !touched) return window.history.replaceState(state, title, url);
    if (!same) touched = false;
    return push(state, title, url);
  };
})();
