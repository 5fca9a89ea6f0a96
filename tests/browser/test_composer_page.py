"""The composer in a real browser: tokens by keyboard, nothing typed rendered, nothing clipped."""

from dataclasses import replace

from support.addresses import address
from support.hostile import TYPED

from core.demo import example
from core.spec.ablation import AblationKind

AVERAGED = replace(
    example.SPEC, prompt=TYPED, ablation=AblationKind.MEAN, reference=(TYPED,), positions=(1,)
)
LONG = replace(
    example.SPEC,
    prompt="the cat " * 60,
    ablation=AblationKind.RESAMPLE,
    corrupted_prompt="the dog " * 60,
    positions=(0,),
)


def nothing_is_rendered(page) -> None:
    assert page.page.locator(".katex, .MathJax").count() == 0
    assert page.page.locator(".st-key-composer :is(strong, em, code, a)").count() == 0


def test_typed_text_is_shown_as_typed_and_tokens_are_chosen_by_keyboard(new_tab, server):
    page = new_tab()
    page.visit(address(server, AVERAGED))
    page.wait_live()
    page.reach("reference_look")
    page.page.locator(".st-key-reference_look button").first.click()
    page.page.wait_for_selector(".hs-sentences li")
    assert page.page.locator(".hs-sentences li").inner_text() == TYPED
    nothing_is_rendered(page)
    page.page.keyboard.press("Escape")
    # Once it is closed: as it closes it gives the focus back to its button.
    page.page.wait_for_selector(".hs-sentences li", state="detached")
    page.page.wait_for_function("!!document.activeElement.closest('.st-key-reference_look')")

    tokens = page.page.locator(".st-key-chosen_tokens button")
    tokens.nth(3).focus()
    page.page.keyboard.press("Space")
    page.wait_value("chosen_positions", "1, 3")
    tokens.nth(1).click()
    page.wait_value("chosen_positions", "3")

    page.choose("ablation", "resample")
    page.type_area("corrupted_prompt", TYPED.replace("1", "2"))
    page.wait_text("in_words", "Resample ablation from “<script>alert(2)</script> **b** $x^2$")
    page.page.locator(".st-key-replace_token button").first.click()
    page.page.wait_for_selector(".st-key-replace_position button")
    nothing_is_rendered(page)


def test_nothing_overflows_with_everything_open(new_tab, server):
    page = new_tab()
    page.visit(address(server, LONG))
    page.wait_live()
    page.click_button("random_tokens")
    page.wait_text("alignment", "tokens differ")
    for width in (1440, 800):
        page.resize(width)
        for part in (".stMain", ".st-key-composer"):
            assert page.overflow(part) <= 0


def test_the_model_is_tried_on_the_prompts_when_their_menu_is_opened(live):
    live.click_button("starter_menu")
    live.wait_text("starter_list", "rank 31: beyond this model")
    assert "The embedded model knows about 1,900 words" in live.text("starter_list")
    live.click_button("example-8")
    live.wait_value("foil", " is")
    assert live.typed("prompt") == "The keys to the cabinet"
    live.page.wait_for_function("!document.querySelector('.st-key-starter_list')")
