"""
Import `django.utils.six.moves` through the only protocol that Python's import system still has.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""
from ...patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<3.0",
    python=">=3.12",
    symptom="importing Django fails: No module named 'django.utils.six.moves'",
)


@patch.when_imported("django.utils.six")
def repair(six):
    importer = six._SixMetaPathImporter

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.known_modules:
            return None
        from importlib.util import spec_from_loader

        return spec_from_loader(fullname, self)

    def create_module(self, spec):
        module = self.load_module(spec.name)
        spec.loader_state = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module):
        # It is there already, and if it is a module of Python's own it keeps its own name.
        own = module.__spec__.loader_state
        if own is not None:
            module.__spec__ = own

    for function in (find_spec, create_module, exec_module):
        patch.add(importer, function.__name__, function)
