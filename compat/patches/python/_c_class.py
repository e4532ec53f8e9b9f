"""Methods for classes that are written in C, which refuse new attributes."""


def add_method(patch, cls, method, name=""):
    """
    Give `cls` a method it does not have yet, by its own name or another.

    Refuses when Python does not see it afterwards. Meant for the moment a module has been
    imported, when nobody can have asked the class for the name.
    """
    import gc

    name = name or method.__name__
    if name in vars(cls):  # hasattr() would make Python remember that it is not there
        return
    # What the read-only view shows. CPython has no other way that needs no compiler.
    [namespace] = [found for found in gc.get_referents(vars(cls)) if isinstance(found, dict)]
    namespace[name] = method
    if not hasattr(cls, name):
        del namespace[name]
        patch.expect(False, "%s takes no new method" % cls.__name__)
