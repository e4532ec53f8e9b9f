"""Followers under many interleavings of what can happen to them."""


def test_nobody_gets_stuck_or_anything_twice(make_site, sqlite_settings):
    site = make_site(sqlite_settings, "", poll=0.02)
    assert site.run("interleavings", 300) == {}
