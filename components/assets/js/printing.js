// Makes what is drawn at the screen's width as small as the paper is wide, while the page is printed.
(() => {
  const PAPER = 640; // pixels of an A4 sheet between its margins, less those of a frame
  const PICTURE = "[data-testid=stPlotlyChart]";
  const TABLE = "[data-testid=stElementContainer]:has([data-testid=stDataFrame])";
  const fit = (each, width) => each.style.setProperty("--hs-paper", Math.min(1, PAPER / Math.max(1, width)));
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll(PICTURE)) {
      fit(each, Math.max(each.clientWidth, each.querySelector(".main-svg")?.clientWidth ?? 0));
    }
    // A table that is given another width draws itself anew, and is blank on the paper by then.
    for (const each of document.querySelectorAll(TABLE)) {
      each.style.setProperty("--hs-drawn", `${each.clientWidth}px`);
      fit(each, each.clientWidth);
    }
  });
})();
