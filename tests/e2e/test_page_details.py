"""What a visitor notices: nothing jumps, settings last, nothing is wider than a small phone."""

import os
import sys

import pytest

TOP = "document.querySelector('#log').getBoundingClientRect().top"
PRESSED = "document.querySelector('#%s').getAttribute('aria-pressed')"
WIDEST = (
    "Array.from(document.querySelectorAll('body *'))"
    ".filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)"
    ".filter(e => !e.closest('.log') && getComputedStyle(e).position !== 'absolute')"
    ".map(e => e.tagName + '.' + e.className)"
)
WAITS = "import sys; print('one', flush=True); open(sys.argv[1]).read()"
LONG = "a-very-long-name-without-a-single-blank-in-it-which-somebody-has-chosen"


def deployment(stack, page, tmp_path, uid):
    """Start a command that waits; returns what lets it end."""
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)
    stack.service(uid, sys.executable, "-c", WAITS, gate)
    page.goto(stack.url + "/services/%s/" % uid)
    page.click("form[data-once] button")
    page.wait_for("document.querySelector('#log') && log.textContent.includes('one')")
    return lambda: open(gate, "w").close()


def resize(page, width):
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=700,
        deviceScaleFactor=1,
        mobile=width < 700,
    )


@pytest.mark.parametrize("width", [1200, 360])
def test_the_log_does_not_move_when_the_deployment_ends(stack, page, tmp_path, width):
    resize(page, width)
    end = deployment(stack, page, tmp_path, "jump-%d" % width)
    page.wait_for("document.querySelector('#connection').textContent === 'live'")
    before = page.evaluate(TOP)
    end()
    page.wait_for("document.querySelector('#state').textContent === 'succeeded'")
    page.wait_for("document.querySelector('#connection').textContent === 'complete'")
    assert page.evaluate("getComputedStyle(document.querySelector('#cancel')).visibility") == (
        "hidden"
    )
    assert page.evaluate(TOP) == before


def test_the_buttons_of_the_log_are_as_they_were_left(stack, page, tmp_path):
    deployment(stack, page, tmp_path, "buttons")()
    assert [page.evaluate(PRESSED % name) for name in ("times", "wrap")] == ["false", "true"]
    page.click("#times")
    page.click("#wrap")
    page.goto(page.evaluate("location.href"))
    page.wait_for("!document.querySelector('#times').hidden")
    assert [page.evaluate(PRESSED % name) for name in ("times", "wrap")] == ["true", "false"]
    assert page.evaluate("log.classList.contains('times')")
    assert not page.evaluate("log.classList.contains('wrap')")
    page.evaluate("localStorage.clear(); null")


def test_an_empty_page_of_messages_says_that_it_is(stack, page):
    page.goto(stack.url + "/tasks/")
    said = "getComputedStyle(document.querySelector('#deploy-res'), '::before').content"
    assert "No message has come" in page.evaluate(said)
    page.wait_for("document.querySelector('#connection').textContent === 'live'")
    stack.shell("from deploy.messages import send_channel_msg; send_channel_msg('tasks', 'hello')")
    page.wait_for("document.querySelector('#deploy-res').textContent === 'hello\\n'")
    assert page.evaluate(said) == "none"


def test_nothing_is_wider_than_the_smallest_phone(stack, page, tmp_path):
    stack.service(LONG[:60], "true")
    rename = "from deploy.models import Service; Service.objects.filter(uid=%r).update(name=%r)"
    stack.shell(rename % (LONG[:60], LONG))
    deployment(stack, page, tmp_path, "narrow")()
    shown = page.evaluate("location.pathname")
    resize(page, 320)
    paths = ["/", "/services/narrow/", "/services/%s/" % LONG[:60], shown]
    for path in paths + ["/tasks/", "/nowhere/", "/accounts/login/"]:
        page.goto(stack.url + path)
        wide = page.evaluate(WIDEST)
        assert (page.evaluate("document.documentElement.scrollWidth"), wide) == (320, []), path


def test_the_admin_offers_to_change_what_can_be_changed(stack, page):
    shown = (
        "(name => { const row = document.querySelector('.model-' + name);"
        "return [row.querySelector('th a') !== null,"
        " Array.from(row.querySelectorAll('.changelink'))"
        ".some(link => getComputedStyle(link).display !== 'none')] })('%s')"
    )
    for path in ("/admin/", "/admin/deploy/"):
        page.goto(stack.url + path)
        page.wait_for("document.readyState === 'complete'")
        assert page.evaluate(shown % "deployment") == [True, False], path
        assert page.evaluate(shown % "service") == [True, True], path
