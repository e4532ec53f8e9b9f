"""The scripts of the log panel, in Chromium."""

import json
import os

import pytest

import deploy

STATIC = os.path.join(os.path.dirname(deploy.__file__), "static", "deploy")


@pytest.fixture(scope="module")
def page(browser):
    page = browser.page()
    for name in ("ansi.js", "panel.js"):
        with open(os.path.join(STATIC, name), encoding="utf-8") as file:
            page.evaluate(file.read() + "; null")
    with open(os.path.join(STATIC, "deploy.css"), encoding="utf-8") as file:
        css = json.dumps(file.read())
    page.evaluate(
        f"document.head.appendChild(document.createElement('style')).textContent = {css};"
        "document.body.innerHTML = '<div id=log class=\"log wrap\"></div>'; null"
    )
    yield page


def screen(page, *pieces):
    """Return the lines that the pieces make: runs of [text, style] in lists."""
    return page.evaluate(
        "(pieces => { const screen = new Ansi.Screen(); pieces.forEach(p => screen.feed(p, 0));"
        "const news = screen.take(); return news.lines.concat(news.current || [])"
        ".map(line => line.runs.map(run => [run.text, run.style])); })(%s)" % json.dumps(pieces)
    )


def texts(page, *pieces):
    return ["".join(text for text, _ in line) for line in screen(page, *pieces)]


@pytest.mark.parametrize(
    "text, lines",
    [
        ("one\ntwo\n\nthree", ["one", "two", "", "three"]),
        ("dos\r\nlines\r\n", ["dos", "lines"]),
        ("10%\r20%\rdone", ["done"]),
        ("long line\rshort", ["shortline"]),
        ("long line\r\x1b[Kshort\n", ["short"]),
        ("long line\x1b[2K\rshort", ["short    "]),
        ("abc\x1b[1Kd", ["   d"]),
        ("spin |\b/\b-", ["spin -"]),
        ("\b\bx", ["x"]),
        ("tab\tstays", ["tab\tstays"]),
        ("bell\x07 null\x00 del\x7f c1\x9b", ["bell null del c1"]),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b", ["ab"]),
        ("\x1b[2J\x1b[10;5Ha\x1b[?25lb\x1b(Bc\x1b=d\x1bMe", ["abcde"]),
        ("<b>&amp;</b>", ["<b>&amp;</b>"]),
    ],
)
def test_lines(page, text, lines):
    assert texts(page, text) == lines
    # The pieces a log comes in may be cut anywhere.
    assert texts(page, *text) == lines


@pytest.mark.parametrize(
    "codes, style",
    [
        ("1;31", {"bold": True, "color": 1}),
        ("97;104", {"color": 15, "background": 12}),
        (
            "1;3;4;9;7;2",
            dict.fromkeys(["bold", "italic", "underline", "strike", "inverse", "dim"], True),
        ),
        ("38;5;9", {"color": 9}),
        ("38;5;208", {"color": "rgb(255,135,0)"}),
        ("48;5;232", {"background": "rgb(8,8,8)"}),
        ("38;2;1;2;3;1", {"color": "rgb(1,2,3)", "bold": True}),
        ("38:2::1:2:3", {"color": "rgb(1,2,3)"}),
        ("38:5:208", {"color": "rgb(255,135,0)"}),
        ("31;39;1;22", {}),
        ("31;0", {}),
        ("31;", {}),
        ("38;5;256", {}),
        ("38;2;1;2;999", {}),
        ("38;5", {}),
        ("?31", {}),
        ("999", {}),
    ],
)
def test_styles(page, codes, style):
    assert screen(page, f"\x1b[{codes}mtext") == [[["text", style]]]
    assert screen(page, *f"\x1b[{codes}mtext") == [[["text", style]]]


def test_styles_last_over_lines_and_overwriting_keeps_them(page):
    assert screen(page, "\x1b[31mred\nstill\x1b[m\rST") == [
        [["red", {"color": 1}]],
        [["ST", {}], ["ill", {"color": 1}]],
    ]


def test_a_sequence_without_an_end_does_not_swallow_the_log(page):
    lines = texts(page, "\x1b]0;" + "x" * 5000 + "\nnext line\n")
    assert lines[-1] == "next line"
    assert texts(page, "\x1b[" + "1;" * 5000, "\nnext line\n")[-1] == "next line"


def test_a_line_of_megabytes_is_cut_and_whole(page):
    page.evaluate("window.big = new LogPanel(document.querySelector('#log')); null")
    page.evaluate("for (let i = 0; i < 64; i++) big.feed('y'.repeat(16384), 0); big.feed('\\n', 0)")
    page.wait_for("document.querySelector('#log').textContent.length === 64 * 16384 + 1")
    assert page.evaluate("document.querySelectorAll('#log .line').length") < 80


def test_the_panel_shows_text_as_text_and_trims_itself(page):
    page.evaluate(
        "window.trimmed = 0; window.log = document.querySelector('#log'); log.textContent = '';"
        "window.small = new LogPanel(log, {limit: 1000, onTrim: () => trimmed++}); null"
    )
    page.evaluate("small.feed('\\x1b[31m<img src=x onerror=alert(1)>\\x1b[0m\\n', 0)")
    page.wait_for("log.textContent === '<img src=x onerror=alert(1)>\\n'")
    assert page.evaluate("log.querySelectorAll('img').length") == 0
    assert page.evaluate("log.querySelector('span').className") == "fg-1"
    assert page.evaluate("log.querySelector('.line').hasAttribute('data-time')")
    page.evaluate("for (let i = 0; i < 5000; i++) small.feed('line ' + i + '\\n', 0)")
    page.wait_for("log.textContent.endsWith('line 4999\\n')")
    count = page.evaluate("log.querySelectorAll('.line').length")
    assert 800 <= count <= 1000
    assert page.evaluate("trimmed") > 0
    assert page.evaluate("log.textContent").startswith("line %d\n" % (5000 - count))


def test_what_came_with_the_page_stays_until_the_first_lines_are_drawn(page):
    before = page.evaluate(
        "window.log = document.querySelector('#log'); log.textContent = 'from the server';"
        "window.panel = new LogPanel(log); panel.replace(); panel.feed('one\\n', 0);"
        "log.textContent"
    )
    assert before == "from the server"
    page.wait_for("log.textContent === 'one\\n'")
    page.evaluate("panel.feed('two\\n', 0)")
    page.wait_for("log.textContent === 'one\\ntwo\\n'")


def test_scrolling_up_pauses_and_scrolling_to_the_end_follows(page):
    at_end = "log.scrollHeight - log.scrollTop - log.clientHeight < 2"
    page.evaluate(
        "window.log = document.querySelector('#log'); log.textContent = '';"
        "window.panel = new LogPanel(log); window.follows = [];"
        "panel.onFollow = on => follows.push(on);"
        "for (let i = 0; i < 500; i++) panel.feed('line ' + i + '\\n', 0)"
    )
    page.wait_for("log.textContent.includes('line 499') && " + at_end)
    page.evaluate("log.scrollTop = 100")
    page.wait_for("follows.join() === 'false'")
    page.evaluate("panel.feed('more\\n', 0)")
    page.wait_for("log.textContent.includes('more')")
    assert page.evaluate("log.scrollTop") == 100
    page.evaluate("log.scrollTop = log.scrollHeight")
    page.wait_for("follows.join() === 'false,true'")
    page.evaluate("for (let i = 0; i < 500; i++) panel.feed('again ' + i + '\\n', 0)")
    page.wait_for("log.textContent.includes('again 499') && " + at_end)
