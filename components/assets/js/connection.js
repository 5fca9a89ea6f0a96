// Says that the server is gone, in the dashboard's words, and that it is back.
// Streamlit connects again by itself for as long as it hopes to; after that the page is loaded anew
// as soon as the server answers. Its own dialogs, in words of whoever makes pages, are closed: the
// page beneath can be read meanwhile.
(() => {
  const PATIENCE = 1500; // milliseconds that a connection may be away without a word
  const EVERY = 2000; // milliseconds between two questions whether the server answers
  const GONE = "Headsweep’s server does not answer: it was stopped, or the network is down. " +
    "What is on this page stays and can be read; it goes on by itself as soon as the server is back.";
  const OWN = ["Connection error", "Page not found"]; // titles of Streamlit's dialogs
  let since = 0;
  let were = false; // whether there has been a connection
  let banner = null;
  let asking = false;

  const state = () => document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState;
  const show = () => {
    if (banner) return;
    banner = document.createElement("div");
    banner.className = "hs-gone";
    banner.setAttribute("role", "alert");
    document.body.append(banner);
    banner.textContent = GONE;
  };
  const hide = () => {
    if (!banner) return;
    banner.remove();
    banner = null;
    window.headsweepSay?.("Headsweep’s server is back.");
  };

  const ask = async () => {
    try {
      const answer = await fetch(new URL("_stcore/health", document.baseURI), { cache: "no-store" });
      if (answer.ok) {
        location.reload();
        return;
      }
    } catch {
      // still gone
    }
    setTimeout(ask, EVERY);
  };

  const look = () => {
    const now = state();
    if (now === "CONNECTED") {
      were = true;
      since = 0;
      hide();
      return;
    }
    if (!were) return;
    since ||= Date.now();
    if (Date.now() - since >= PATIENCE) show();
    else setTimeout(look, PATIENCE);
    if (now === "DISCONNECTED_FOREVER" && !asking) {
      asking = true;
      setTimeout(ask, EVERY);
    }
  };

  const close = () => {
    for (const dialog of document.querySelectorAll("[role=dialog]")) {
      const title = dialog.querySelector("[slot=title], h2")?.textContent;
      if (OWN.includes(title)) dialog.querySelector("button[aria-label=Close]")?.click();
    }
  };

  new MutationObserver(() => {
    look();
    close();
  }).observe(document.body, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-test-connection-state"],
  });
  look();
})();
