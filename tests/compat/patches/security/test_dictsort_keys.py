import pytest

from tests.support.probe import DJANGO, probe, prove, source


@source(DJANGO)
def sorted_probe():
    from django.template import Context, Engine

    class User(object):
        def __init__(self, name, secret):
            self.name, self._secret = name, secret

        def reveal(self):
            called.append(self.name)
            return self._secret

    class Post(object):
        def __init__(self, user):
            self.user, self.tags = user, [user.name]

    called = []
    posts = [Post(User("b", 1)), Post(User("a", 3)), Post(User("c", 2))]
    rows = [{"post": post, "n": (len(posts), post.user.name)} for post in posts]

    def order(key, filter="dictsort", rows=rows):
        source = "{%% for row in rows|%s:key %%}{{ row.post.user.name }}{%% endfor %%}" % filter
        return Engine().from_string(source).render(Context({"rows": rows, "key": key})) or "-"


def test_methods_are_not_called():
    prove(
        "security.dictsort_keys",
        sorted_probe + 'print(order("post.user.reveal"), called)',
        good="- []",
        bad="bca ['b', 'a', 'c']",
    )


def test_names_with_an_underscore_are_no_keys():
    code = (
        sorted_probe
        + 'print(*[order(key) for key in ("post.user._secret", "_x", "post.__class__")])'
    )
    prove("security.dictsort_keys", code, good="- - -", bad="may not begin with underscores")


@pytest.mark.parametrize("filter, good", [("dictsort", "abc"), ("dictsortreversed", "cba")])
def test_items_attributes_and_indexes_still_sort(filter, good):
    keys = ["post.user.name", "post.tags.0", "post.tags", "n", "n.1"]
    result = probe(sorted_probe + "print(*[order(key, %r) for key in %r])" % (filter, keys))
    assert result.said.split() == [good] * len(keys), result.error


def test_numbers_are_indexes_and_bad_keys_give_nothing():
    @source
    def code():
        from django.template.defaultfilters import dictsort

        pairs = [(2, "b"), (1, "a")]
        print(dictsort(pairs, 0), *[repr(dictsort(pairs, key)) for key in ("5", "", "x", None)])

    result = probe(DJANGO + code)
    assert result.said == "[(1, 'a'), (2, 'b')] '' '' '' ''", result.error
