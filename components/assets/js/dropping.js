// Takes a run's file that is dropped anywhere on the page.
(() => {
  const box = () => document.querySelector('[class*="st-key-import_file"] input[type=file]');
  const files = (event) => event.dataTransfer?.types.includes("Files") &&
    !(event.target instanceof Element && event.target.closest("[data-testid=stFileUploader]"));
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      if (!files(event)) return;
      event.preventDefault();
      document.body.classList.toggle("hs-dropping", box() !== null);
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("hs-dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("hs-dropping");
    if (!files(event)) return;
    event.preventDefault();  // the browser would leave the page to show the file
    const input = box();
    if (!input || !event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
