"""What a browser is told and does, through nginx and uWSGI: policy, cookies, a logout."""

import urllib.request

ADMIN = [
    "/admin/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/1/change/",
    "/admin/auth/user/1/password/",
    "/admin/auth/user/1/history/",
    "/admin/auth/user/1/delete/",
    "/admin/auth/group/add/",
    "/admin/deploy/service/",
    "/admin/deploy/service/add/",
    "/admin/deploy/service/?q=x",
    "/admin/deploy/deployment/",
    "/admin/password_change/",
]


def headers(stack, path, **sent):
    request = urllib.request.Request(stack.url + path, headers=sent)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers


def complaints(page):
    """Errors, but for what is not there: /nowhere/, and an icon for the admin."""
    return [text for text in page.errors() if "404 (Not Found)" not in text]


def test_the_headers(stack):
    found = headers(stack, "/accounts/login/")
    policy = found["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "connect-src 'self' ws://%s wss://%s;" % (stack.host, stack.host) in policy
    assert "frame-ancestors 'none'" in policy
    assert "SameSite=Lax" in found["Set-Cookie"]
    cookie = stack.login()
    found = headers(stack, "/admin/", Cookie=cookie)["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in found and "script-src" not in found


def test_no_page_breaks_the_policy(stack, page):
    for path in ["/", "/services/release/", "/tasks/", "/nowhere/"] + ADMIN:
        page.goto(stack.url + path)
        assert complaints(page) == [], path
    page.goto(stack.url + "/tasks/")
    page.wait_for("document.querySelector('#connection').textContent === 'live'")
    # The admin's own scripts run: the slug is made of the name, a calendar opens.
    page.goto(stack.url + "/admin/auth/user/1/change/")
    page.wait_for("document.querySelectorAll('.datetimeshortcuts').length > 0")
    page.wait_for("document.querySelector('#id_user_permissions_from') !== null")
    assert complaints(page) == []


def test_a_script_in_a_page_does_not_run(stack, page):
    for path in ("/", "/admin/"):
        page.goto(stack.url + path)
        before = len(page.errors())
        page.evaluate(
            "(s => { s.textContent = 'window.ran = true';"
            " document.body.appendChild(s); })(document.createElement('script'))"
        )
        page.evaluate(
            "(i => { i.setAttribute('onerror', 'window.ran = true'); i.src = '/no.png';"
            " document.body.appendChild(i); })(document.createElement('img'))"
        )
        page.wait_for("performance.getEntriesByName(location.origin + '/no.png').length > 0")
        assert page.evaluate("window.ran") is None
        said = page.errors()[before:]
        assert any("Content Security Policy" in text for text in said), said


def test_a_logout_in_one_tab_ends_the_other(stack, browser, page):
    """At once: the next round is half a minute away, and the code is final."""
    other = browser.page()
    try:
        other.goto(stack.url + "/tasks/")
        other.wait_for("document.querySelector('#connection').textContent === 'live'")
        page.goto(stack.url + "/")
        page.click("form[action='/accounts/logout/'] button")
        # Not "refused", which reads the same: that is who came back and was turned away.
        other.wait_for(
            "document.querySelector('#connection').className === 'connection closed'", 15
        )
    finally:
        other.close()
