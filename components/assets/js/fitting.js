// Hides the numbers on a figure's cells where the cells are too narrow for them.
// The figure's maker does not know how wide the page is. All of a figure's numbers go together: one
// that stayed would look like the only one that matters. A mark of one character fits any cell.
(() => {
  const ROOM = 8;  // pixels between the numbers of two neighbours
  const cell = (plot, trace) => {
    const axis = plot._fullLayout[`xaxis${(trace.xaxis || "x").slice(1)}`];
    return axis ? axis._length / Math.abs(axis.range[1] - axis.range[0]) : Number.POSITIVE_INFINITY;
  };
  const fit = (plot) => {
    const written = [];
    let fits = true;
    for (const [first] of plot.calcdata ?? []) {
      const trace = first?.trace;
      if (trace?.name !== "numbers" || !first.node3) continue;
      for (const text of first.node3.node().querySelectorAll("text")) {
        if (text.textContent.length < 2) continue;
        written.push(text);
        fits &&= text.getBBox().width + ROOM <= cell(plot, trace);
      }
    }
    for (const text of written) text.style.visibility = fits ? "" : "hidden";
  };
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      for (const plot of document.querySelectorAll(".js-plotly-plot")) {
        if (plot._fullLayout) fit(plot);
        const drawing = plot.querySelector(".main-svg");
        if (drawing) sizes.observe(drawing);
      }
    });
  };
  const sizes = new ResizeObserver(soon);
  const drawn = (change) => change.target instanceof Element &&
    (change.target.closest(".js-plotly-plot") || change.target.querySelector(".js-plotly-plot"));
  new MutationObserver((changes) => { if (changes.some(drawn)) soon(); })
    .observe(document.body, { childList: true, subtree: true });
})();
