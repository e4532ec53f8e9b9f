"""Files that users have uploaded, as nginx serves them: what is a page has no rights here."""

import os
import urllib.request

import pytest

from tests.support.sites import tiny

PAGES = {
    "page.html": "<script>alert(document.cookie)</script>",
    "page.HTM": "<script>alert(document.cookie)</script>",
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "feed.xml": '<a xmlns:x="http://www.w3.org/1999/xhtml"><x:script>alert(1)</x:script></a>',
}
OTHERS = ["picture.png", "notes.txt", "paper.pdf", "unknown", "script.js", "page.xhtml"]
FILES = dict(PAGES, **dict.fromkeys(OTHERS, "text"))
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@pytest.fixture
def uploads(site):
    """The site, running, with uploads of its users."""
    folder = os.path.join(site.folder, "uploaded files")
    os.makedirs(folder)
    for name, text in FILES.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    with open(os.path.join(site.folder, "tiny", "settings.py"), "a") as file:
        file.write('MEDIA_URL = "/media/"\nMEDIA_ROOT = os.path.join(BASE, "uploaded files")\n')
    code, out, err = site.up(*tiny.SMALL)
    assert code == 0, out + err
    return site


def test_an_uploaded_page_runs_nothing(uploads):
    found = {}
    for name in FILES:
        with urllib.request.urlopen(uploads.url + "media/" + name, timeout=10) as answer:
            assert answer.read().decode() == FILES[name]
            assert answer.headers["X-Content-Type-Options"] == "nosniff", name
            if name == "page.xhtml":  # nginx does not know what it is, so a browser saves it
                assert answer.headers["Content-Type"] == "application/octet-stream"
            found[name] = answer.headers.get_all("Content-Security-Policy")
    assert found == {name: [POLICY] if name in PAGES else None for name in FILES}
