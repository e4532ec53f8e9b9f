"""Followers under many interleavings of what can happen to them."""

# Of 3,000: another history while the latest was looked up, and pages of two lengths at one place.
FAILED_ONCE = [527, 1376, 1561, 2517]


def test_nobody_gets_stuck_or_anything_twice(make_site, sqlite_settings):
    site = make_site(sqlite_settings, "", poll=0.05)
    assert site.run("interleavings", list(range(300)) + FAILED_ONCE) == {}
