// Saves the picture of a sweep.
// The plot's own button makes the picture, by Plotly itself; it reads these options when pressed.
(() => {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".hs-save") : null;
    const plot = button && document.querySelector(".st-key-picture .js-plotly-plot");
    if (!plot) return;
    plot._context.toImageButtonOptions = {
      format: button.dataset.format,
      filename: button.dataset.name,
      // Of the figure itself: on a narrow page the plot on screen may be smaller.
      width: Number(button.dataset.width),
      height: Number(button.dataset.height),
      scale: button.dataset.format === "png" ? 4 : 1,
    };
    plot.querySelector(".modebar-btn").click();
  });
})();
