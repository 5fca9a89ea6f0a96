// Closes menus that Streamlit leaves open over what was chosen in them.
(() => {
  const NARROW = 768; // pixels: below, Streamlit lays the navigation over the page
  const later = (selector) => setTimeout(() => document.querySelector(selector)?.click());
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (innerWidth <= NARROW && target?.closest("[data-testid=stSidebarNavLink]")) {
      later("[data-testid=stSidebarCollapseButton] button");
    }
    // What it opens is a dialog, which the menu would lie over.
    if (target?.closest(".st-key-export_picture")) later(".st-key-export button[aria-expanded=true]");
  });
})();
