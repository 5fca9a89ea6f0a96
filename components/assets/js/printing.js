// Makes what is drawn at the screen's width as small as the paper is wide, while the page is printed.
(() => {
  const PAPER = 640; // pixels of an A4 sheet between its margins, less those of a frame
  const DRAWN = "[data-testid=stPlotlyChart]";
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll(DRAWN)) {
      const width = Math.max(each.clientWidth, each.querySelector(".main-svg")?.clientWidth ?? 0);
      each.style.setProperty("--hs-paper", Math.min(1, PAPER / Math.max(1, width)));
    }
  });
})();
