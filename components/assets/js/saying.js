// Says what happens on the page to who does not see it, in one place and politely.
(() => {
  const SELDOM = 6000; // milliseconds between two words on the same progress
  const CALM = 400; // milliseconds in which nothing has changed
  const region = document.createElement("div");
  region.className = "hs-unseen hs-saying";
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  document.body.append(region);
  const CLOSED = "No head is open";
  const before = { page: "", head: CLOSED, finding: "", progress: "" };
  let spoken = 0;
  let waiting = false;

  const text = (selector) =>
    (document.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, 300);
  const say = (words) => { region.textContent = words; };

  // What has been there before and is another now.
  const news = (name, now) => {
    const is = before[name] && now && now !== before[name];
    before[name] = now || before[name];
    return is ? now : "";
  };
  // Its beginning, then now and then how far it is, and its end.
  const progress = () => {
    const now = text("[class*='st-key-progress'] [data-testid=stProgress]");
    const last = before.progress;
    before.progress = now;
    if (!now) return last ? "Done." : "";
    if (now === last || (last && Date.now() - spoken < SELDOM)) return "";
    return now;
  };
  const look = () => {
    waiting = false;
    const title = text(".hs-page-title");
    const said = [
      news("page", title && `${title} page`),
      progress(),
      news("finding", text(".st-key-headline .hs-headline")),
      news("head", text(".st-key-head_detail .hs-head") || CLOSED),
    ].filter(Boolean).join(" ");
    if (!said) return;
    spoken = Date.now();
    say(said);
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(look, CALM);
  };
  new MutationObserver(soon)
    .observe(document.body, { childList: true, subtree: true, characterData: true });
  window.headsweepSay = say;
})();
