import sys

from tests.support.probe import DJANGO, prove, source


@source(DJANGO)
def code():
    import tempfile
    import warnings

    from django.core.cache.backends.filebased import FileBasedCache

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        cache = FileBasedCache(folder, {})
        cache.set("a", 1)
        open(folder + "/.hidden.djcache", "w").close()
        print(len(cache._list_cache_files()), cache.get("a"))
        cache.clear()
        print(cache.get("a"))


def test_the_file_cache_without_a_warning():
    prove(
        "django.cache_glob",
        code,
        good="1 1\nNone",
        bad="glob.glob1 is deprecated",
        needed=sys.version_info >= (3, 13),
    )
