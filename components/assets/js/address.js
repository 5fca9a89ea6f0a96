// Keeps the browser's Back to what its reader has done.
// Streamlit writes every address as a new step of the browser's history. One that a page writes by
// itself, to complete the address that it was come to by, is no step: Back would only lead to it
// again. It takes the place of the other, until the reader has done something.
// On a busy browser a new page's parameters can be written before its path, and so beside the path of
// the page that is left. Back would lead to them, and that page would take them for its own. They are
// known by the new path's coming with the same parameters; the entry is then the new page's.
(() => {
  let touched = false;
  let early = null; // the last write beside the path that is shown, since the reader did anything
  const begin = (byReader) => {
    touched = byReader;
    early = null;
  };
  for (const kind of ["pointerdown", "keydown", "drop"]) {
    window.addEventListener(kind, () => begin(true), true);
  }
  window.addEventListener("popstate", () => begin(false), true);
  const push = window.history.pushState.bind(window.history);
  const replace = window.history.replaceState.bind(window.history);
  window.history.pushState = (state, title, url) => {
    const to = new URL(url ?? "", location.href);
    if (to.pathname === location.pathname) {
      early = { before: location.href, search: to.search, pushed: touched };
      return (touched ? push : replace)(state, title, url);
    }
    const premature = to.search && early?.search === to.search ? early : null;
    begin(false);
    if (premature?.pushed) return replace(state, title, url);
    if (premature) replace({}, "", premature.before);
    return push(state, title, url);
  };
})();
