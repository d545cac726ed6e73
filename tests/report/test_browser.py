"""The report as people meet it: in a browser, on telephone and desk, in light and dark, with and without scripts."""

from __future__ import annotations

import pytest

from report.conftest import EVIL, EVIL_LABEL
from saegim.report import write_report

SECTIONS = [
    "verdict",
    "comparison",
    "policy",
    "curve",
    "training",
    "confusion",
    "calibration",
    "flow",
    "examples",
    "errors",
    "model",
    "repeat",
]
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def pages(run_folder, tmp_path_factory):
    """The same report in both languages."""
    folder = tmp_path_factory.mktemp("pages")
    return {each: write_report(run_folder, folder / f"{each}.html", language=each).path for each in ("en", "ko")}


@pytest.mark.parametrize(("language", "window"), [("en", {}), ("ko", PHONE)], ids=["desk", "phone"])
def test_it_renders_without_errors_or_requests(visit, pages, language, window):
    found = visit(pages[language], **window)
    page = found.page
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(100)
    assert found.messages == []
    assert found.requests == [pages[language].as_uri()]
    assert page.evaluate("document.documentElement.lang") == language
    assert page.evaluate("[...document.querySelectorAll('main > section')].map(each => each.id)") == SECTIONS
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert page.title() != "owned"
    charts = page.locator(".chart svg:visible")
    assert charts.count() == 6
    for number in range(6):
        box = charts.nth(number).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]


def test_texts_stay_texts(visit, pages):
    page = visit(pages["en"]).page
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("[onclick], [onerror]").count() == 0
    assert EVIL in "\n".join(page.locator(".words").all_inner_texts())
    assert EVIL_LABEL in page.locator(".matrix").inner_text()


def test_scripts_and_styles_of_others_do_not_run(visit, pages, tmp_path):
    path = tmp_path / "changed.html"
    html = pages["en"].read_text(encoding="utf-8")
    added = "<script>document.title = 'owned'</script><p id=x style='color: red' onclick='document.title = 1'>x</p>"
    path.write_text(html.replace("</main>", f"{added}<img src='https://example.com/x.png'></main>"), encoding="utf-8")
    found = visit(path)
    found.page.locator("#x").click()
    assert found.page.title() == "run · saegim report"
    assert found.page.evaluate("getComputedStyle(document.querySelector('#x')).color") != "rgb(255, 0, 0)"
    assert any("Content Security Policy" in message for message in found.messages)
    assert found.answered == [path.as_uri()]


def test_filters_of_the_errors(visit, pages):
    page = visit(pages["en"]).page
    form, cards = page.locator("#errors .controls"), page.locator("#errors .cards > li:visible")
    whole = cards.count()
    assert form.locator("output").inner_text() == f"{whole} shown"
    form.locator("[name=true]").select_option("좋음")
    some = cards.count()
    assert 0 < some < whole
    assert page.locator("#errors .cards > li:visible:not([data-true='좋음'])").count() == 0
    assert form.locator("output").inner_text() == f"{some} shown"
    form.locator("[name=true]").select_option("")
    form.locator("[name=search]").fill("영화")
    assert 0 < cards.count() < whole
    assert all("영화" in text for text in cards.all_inner_texts())
    form.locator("[name=search]").fill("no text holds this")
    assert cards.count() == 0
    form.locator("[name=search]").fill("")
    form.locator("[name=sort]").select_option("length")
    lengths = [len(text) for text in cards.locator(".words").all_text_contents()]
    assert lengths == sorted(lengths)
    assert len(lengths) == whole
    form.locator("[name=suspect]").check()
    assert cards.count() == page.locator("#errors [data-suspect]").count() < whole
    form.locator("[name=suspect]").uncheck()
    form.locator("[name=search]").press("Enter")
    assert page.locator("#errors .cards > li:visible").count() == whole


def test_the_theme_follows_the_system_until_chosen(visit, pages):
    def ground(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = (visit(pages["en"], color_scheme=each).page for each in ("light", "dark"))
    grounds = [ground(light), ground(dark)]
    assert grounds[0] != grounds[1]
    light.get_by_role("button", name="Dark").click()
    assert ground(light) == grounds[1]
    assert light.evaluate("localStorage.getItem('saegim-theme')") == "dark"
    light.get_by_role("button", name="Light").click()
    assert ground(light) == grounds[0]
    light.add_init_script("localStorage.setItem('saegim-theme', 'dark')")  # as an earlier visit left it
    light.reload()
    assert ground(light) == grounds[1]


def test_by_keyboard(visit, pages):
    page = visit(pages["en"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    outlines = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        outlines.add(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    assert outlines == {"solid"}


def test_marks_of_charts_say_what_they_are(visit, pages):
    page = visit(pages["en"]).page
    mark = page.locator("#comparison .wide [aria-label^='rules']").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert page.locator(".tip").is_visible()
    assert page.locator(".tip").inner_text() == mark.get_attribute("aria-label")
    page.locator("#comparison h2").hover()
    assert not page.locator(".tip").is_visible()


def test_without_scripts_everything_can_be_read(visit, pages):
    page = visit(pages["en"], java_script_enabled=False).page
    assert page.locator("h1").is_visible()
    assert page.locator(".chart svg:visible").count() == 6
    assert page.locator(".cards > li:visible").count() > 10
    assert page.locator(".controls:visible, .theme:visible, .copy:visible").count() == 0


def test_what_is_moving_can_be_stopped(visit, pages):
    page = visit(pages["en"], reduced_motion="reduce").page
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


@pytest.mark.parametrize(("scheme", "window"), [("light", PHONE), ("dark", {})], ids=["light phone", "dark desk"])
def test_nothing_keeps_people_out(visit, pages, scheme, window):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (make test)")
    page = visit(pages["ko"], color_scheme=scheme, bypass_csp=True, **window).page
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    found = axe.Axe().run(page).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert {"color-contrast", "heading-order", "label", "landmark-one-main"} <= {each["id"] for each in found["passes"]}
