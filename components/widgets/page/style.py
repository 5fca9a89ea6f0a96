"""The page's few rules of CSS, static: nothing typed gets in here."""

import streamlit as st

from components.figures.base.look import MONO, Look


def page_style(look: Look) -> None:
    """Spacing, the token strip, the facts: what Streamlit's theme has no setting for."""
    amber = "#e0a33a" if look.dark else "#9a6200"
    on_accent = "#101218" if look.dark else "#ffffff"
    red = "#ff8f73" if look.dark else "#b3261e"
    chip = "#1d1f26" if look.dark else "#ffffff"
    st.html(
        f"""<style>
:root {{ --hs-ink:{look.ink}; --hs-quiet:{look.quiet}; --hs-line:{look.line};
  --hs-accent:{look.accent}; --hs-on-accent:{on_accent}; --hs-chip:{chip};
  --hs-amber:{amber}; --hs-red:{red};
  --hs-mono:{MONO}; }}
{_RULES}
</style>"""
    )


def brand() -> None:
    """The product's name and its one question, in the header beside the pages."""
    st.html(
        '<div class="hs-brand"><b>Headsweep</b><span>Which attention heads does this prediction '
        "need? Ablate each one and see.</span></div>"
    )


_RULES = """
.stMainBlockContainer { max-width: 1340px; padding: 4.2rem 2rem 3rem; }
@media (max-width: 900px) { .stMainBlockContainer { padding: 4.2rem 1rem 2rem; } }
.hs-brand { color:var(--hs-quiet); font-size:.95rem; position:fixed; top:.85rem; right:2rem;
  z-index:1000000; }
.hs-brand b + span { margin-left:.6rem; }
@media (max-width: 1100px) { .hs-brand { right:1rem; } .hs-brand span { display:none; } }
.hs-brand b { color:var(--hs-ink); font-size:1.15rem; font-weight:700;
  letter-spacing:-.01em; }
.st-key-guesses { margin-top:-.7rem; }
.st-key-starters { margin-top:-1.1rem; row-gap:0; }
@media (max-width: 900px) {
  .st-key-choices { column-gap:1rem; }
  .st-key-choices > :has(> .st-key-model_box) { flex-basis:150px; }
  .st-key-more_choices button { padding:0 .4rem; }
  .st-key-more_choices button p { display:none; }
}
.hs-strip { display:flex; flex-wrap:wrap; gap:4px; align-items:center; line-height:1.5;
  font-size:.84rem; unicode-bidi:isolate; }
.hs-tok { font-family:var(--hs-mono); border:1px solid var(--hs-line); border-radius:4px;
  padding:0 5px; white-space:pre; background:var(--hs-chip); color:var(--hs-ink);
  max-width:100%; overflow:hidden; text-overflow:ellipsis; unicode-bidi:isolate; }
.hs-tok.bos { color:var(--hs-quiet); border-style:dashed; background:transparent; }
.hs-tok.typed { border-color:var(--hs-amber); color:var(--hs-amber); }
.hs-tok.target { background:var(--hs-accent); border-color:var(--hs-accent);
  color:var(--hs-on-accent); }
.hs-tail { display:inline-flex; gap:4px; align-items:center; flex-wrap:wrap; max-width:100%; }
.hs-quiet { color:var(--hs-quiet); font-size:.84rem; }
.hs-words { color:var(--hs-ink); font-size:.95rem; font-weight:600; overflow-wrap:anywhere;
  unicode-bidi:isolate; }
.hs-strip .hs-count { margin:0 0 0 .5rem; }
.hs-count { margin-top:.25rem; }
.st-key-chosen_tokens button p, .st-key-replace_position button p {
  font-family:var(--hs-mono); font-size:.84rem; white-space:pre; }
.st-key-chosen_tokens, .st-key-replace_position { max-height:20rem; overflow-y:auto; }
.st-key-reference, .st-key-resample { border-left:3px solid var(--hs-line);
  padding-left:.9rem; }
.hs-align { display:flex; flex-wrap:wrap; gap:4px; align-items:flex-end; line-height:1.5;
  font-size:.84rem; unicode-bidi:isolate; max-height:13rem; overflow-y:auto; }
.hs-pair { display:inline-flex; flex-direction:column; font-family:var(--hs-mono);
  border:1px solid var(--hs-accent); border-radius:4px; padding:0 5px; white-space:pre;
  background:var(--hs-chip); color:var(--hs-quiet); max-width:100%; overflow:hidden; }
.hs-pair span, .hs-pair b { overflow:hidden; text-overflow:ellipsis; unicode-bidi:isolate; }
.hs-pair b { color:var(--hs-accent); }
.hs-pair .hs-at { font-size:.72rem; line-height:1.3; color:var(--hs-quiet); }
.stApp [data-testid="stBaseButton-tertiary"]:hover, .st-key-reference_look button:hover,
.st-key-reference_look button[aria-expanded="true"] { color:var(--hs-accent); }
.hs-sentences { max-height:18rem; overflow-y:auto; margin:0; padding-left:2.4rem;
  font-size:.88rem; line-height:1.45; overflow-wrap:anywhere; }
.hs-error { color:var(--hs-red); font-size:.88rem; line-height:1.35; overflow-wrap:anywhere;
  border-left:3px solid var(--hs-red); padding-left:.55rem; }
.hs-note { color:var(--hs-quiet); font-size:.86rem; line-height:1.4; overflow-wrap:anywhere; }
.hs-note b { color:var(--hs-ink); font-weight:600; }
.hs-flag { color:var(--hs-amber); }
.hs-banner { border:1px solid var(--hs-amber); border-radius:6px; padding:.5rem .75rem;
  font-size:.9rem; overflow-wrap:anywhere; }
.hs-facts { display:grid; gap:1.1rem 2rem;
  grid-template-columns:repeat(auto-fit,minmax(165px,1fr)); }
@media (max-width: 1000px) {
  .st-key-head_detail [data-testid="stColumn"] { min-width:calc(100% - 2rem); }
  .hs-facts { grid-template-columns:repeat(6,1fr); gap:1rem 1.2rem; }
  .hs-fact { grid-column:span 2; }
  .hs-fact:nth-child(-n+2) { grid-column:span 3; }
}
.hs-fact { min-width:0; }
.hs-fact h3 { font-size:.86rem; font-weight:400; color:var(--hs-quiet); margin:0; padding:0;
  line-height:1.35; overflow-wrap:anywhere; }
.hs-fact .big { font-size:1.75rem; font-weight:650; line-height:1.25; letter-spacing:-.01em;
  color:var(--hs-ink); }
.hs-fact .sub { font-size:.86rem; color:var(--hs-quiet); overflow-wrap:anywhere; }
.hs-code { font-family:var(--hs-mono); white-space:pre-wrap; overflow-wrap:anywhere;
  unicode-bidi:isolate; }
.hs-bars { display:grid; grid-template-columns:minmax(3.2rem,max-content) 1fr max-content;
  gap:2px 8px; align-items:center; font-size:.84rem; margin-top:.2rem; }
.hs-bars .t { font-family:var(--hs-mono); white-space:pre; overflow:hidden;
  text-overflow:ellipsis; max-width:8.5rem; unicode-bidi:isolate; }
.hs-bars .b { background:var(--hs-line); border-radius:2px; height:9px; overflow:hidden; }
.hs-bars .b i { display:block; height:100%; background:var(--hs-quiet); }
.hs-bars .b i.on { background:var(--hs-accent); }
.hs-bars .n { text-align:right; font-variant-numeric:tabular-nums; color:var(--hs-quiet); }
.hs-findings p, .hs-findings li { font-size:.95rem; line-height:1.5; }
.hs-findings p { margin:0 0 .8rem; }
.hs-findings ul { margin:.2rem 0 0; padding-left:1.1rem; }
.hs-findings h4 { font-size:.95rem; font-weight:600; margin:.4rem 0 .2rem; padding:0; }
.hs-title { font-size:1.05rem; font-weight:650; color:var(--hs-ink); margin:0; }
.hs-head { font-size:1.05rem; color:var(--hs-ink); }
.hs-head b { font-size:1.3rem; margin-right:.6rem; }
.hs-subtitle { color:var(--hs-ink); font-size:.9rem; font-weight:600; line-height:1.35; }
.hs-said { font-size:.98rem; line-height:1.5; margin:0; overflow-wrap:anywhere; }
[class*="st-key-said_"] button { min-height:1.4rem; padding:0 .2rem; color:var(--hs-accent);
  text-decoration:underline; text-underline-offset:3px; }
.st-key-verdict [data-testid="stColumn"] { min-width:0 !important; }
.st-key-verdict { border-left:3px solid var(--hs-accent); padding-left:.9rem; gap:.35rem; }
.hs-cited { margin:.2rem 0; padding-left:1.1rem; font-size:.92rem; line-height:1.45; }
.hs-read .hs-strip { max-height:24rem; overflow-y:auto; row-gap:7px; font-size:.95rem;
  padding:4px; margin:-4px; }
.hs-read .hs-tok { cursor:pointer; border-bottom:3px solid color-mix(in srgb,
  var(--hs-amber) var(--from, 0%), var(--hs-line)); background:color-mix(in srgb,
  var(--hs-accent) calc(.6 * var(--to, 0%)), var(--hs-chip)); }
.hs-read .hs-tok.read { outline:2px solid var(--hs-ink); outline-offset:1px; }
.hs-read .hs-tok.held { outline-width:3px; }
.hs-read-key { margin-top:.5rem; }
.hs-read-key i { display:inline-block; width:1.1rem; height:.7rem; border-radius:3px;
  vertical-align:baseline; margin-left:.6rem; }
.hs-read-key i.to { background:var(--hs-accent); margin-left:0; }
.hs-read-key i.from { background:var(--hs-amber); height:.25rem; vertical-align:.1rem; }
.hs-read-said { color:var(--hs-ink); font-size:.92rem; line-height:1.5; min-height:4.5em;
  margin-top:.4rem; overflow-wrap:anywhere; }
.hs-differs { border-collapse:collapse; font-size:.86rem; width:100%; table-layout:fixed;
  margin-bottom:.6rem; }
.hs-differs :is(th, td) { text-align:left; vertical-align:top; padding:.2rem .5rem .2rem 0;
  border:0; border-top:1px solid var(--hs-line); overflow-wrap:anywhere; }
.hs-differs tr:first-child :is(th, td) { border-top:0; }
.hs-differs th { font-weight:400; color:var(--hs-quiet); }
.hs-differs th:first-child { width:24%; }
.hs-dropping::after { content:"Drop the file to open its run"; position:fixed; inset:1rem;
  border:3px dashed var(--hs-accent); border-radius:12px; display:grid; place-items:center;
  font-size:1.6rem; color:var(--hs-ink); z-index:1000001; pointer-events:none;
  background:color-mix(in srgb, var(--hs-chip) 80%, transparent); }
.hs-save { font:inherit; color:var(--hs-on-accent); background:var(--hs-accent); border:0;
  border-radius:.35rem; padding:.4rem .9rem; margin-right:.5rem; cursor:pointer; }
.hs-save:focus-visible { outline:2px solid var(--hs-ink); outline-offset:2px; }
.st-key-picture .modebar-container { visibility:hidden; }
.st-key-picture { overflow-x:auto; }
.plotly-notifier { display:none; }
.st-key-run_bar { margin-top:-.4rem; }
.hs-thumb { width:100%; max-width:88px; aspect-ratio:4/3; image-rendering:pixelated;
  border:1px solid var(--hs-line); border-radius:3px; display:block; }
.hs-run { line-height:1.4; min-width:0; }
.hs-run-title { color:var(--hs-ink); overflow-wrap:anywhere; unicode-bidi:isolate; }
.hs-run-title b { font-weight:600; }
.hs-run-asked { color:var(--hs-ink); font-size:.9rem; overflow-wrap:anywhere; }
.hs-tag { border:1px solid var(--hs-line); border-radius:999px; padding:0 .5rem;
  margin-right:.35rem; color:var(--hs-ink); font-size:.8rem; }
.st-key-runs > div { border-bottom:1px solid var(--hs-line); padding-bottom:.5rem; }
.st-key-head_buttons button { min-height:1.9rem; padding:0 .35rem; }
"""
