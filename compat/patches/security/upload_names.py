"""
Keep only the last step of the name of an uploaded file, and refuse names that leave their folder.

What the client sends loses everything up to the last slash of either kind, also where those are
written as HTML entities, and characters that cannot be printed; "", "." and ".." are no names
(CVE-2021-28658, CVE-2021-31542). A path with ".." that `upload_to` makes, or an absolute one
outside of the storage's folder, is a SuspiciousFileOperation, status 400: see
security.storage_names.
https://www.djangoproject.com/weblog/2021/may/04/security-releases/
"""

import functools

from ...patching.patch import Patch
from ._file_names import check_path, has_parent, is_no_name, refuse, with_slashes

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the name that a client gives a file can contain a path",
    cves=("CVE-2021-28658", "CVE-2021-31542"),
)


@patch.when_imported("django.http.multipartparser")
def clean_what_the_client_sends(parser):
    import html

    stock = vars(parser.MultiPartParser).get("IE_sanitize")
    patch.expect(stock, "names are cleaned elsewhere")

    @functools.wraps(stock)
    def IE_sanitize(self, filename):
        if not filename:
            return filename
        name = html.unescape(filename).replace("\\", "/").rsplit("/", 1)[-1]
        name = "".join(character for character in name if character.isprintable()).strip()
        return None if name in (".", "..") else name

    patch.replace(parser.MultiPartParser, "IE_sanitize", IE_sanitize)


@patch.when_imported("django.core.files.uploadedfile")
def refuse_no_name(uploadedfile):
    stock = vars(uploadedfile.UploadedFile).get("name")
    patch.expect(isinstance(stock, property) and stock.fset, "UploadedFile.name is no property")

    def set_name(self, name):
        previous = getattr(self, "_name", None)
        stock.fset(self, name)
        if is_no_name(self._name):
            self._name = previous
            refuse("%r does not end in a file name", name)

    patch.replace(uploadedfile.UploadedFile, "name", property(stock.fget, set_name))
    patch.replace(uploadedfile.UploadedFile, "_set_name", set_name)


@patch.when_imported("django.utils.text")
def refuse_no_valid_name(text):
    stock = text.get_valid_filename

    @functools.wraps(stock)
    def checked(name):
        valid = str(stock(name))
        if is_no_name(valid):
            refuse("nothing is left of %r", name)
        return valid

    patch.replace_everywhere(text, "get_valid_filename", text.keep_lazy_text(checked))


@patch.when_imported("django.core.files.storage")
def refuse_parents(storage):
    stock = vars(storage.Storage).get("generate_filename")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect("get_valid_name" in names, "Storage makes names differently")

    @functools.wraps(stock)
    def generate_filename(self, filename):
        path = with_slashes(filename)
        if has_parent(path.rpartition("/")[0]):
            refuse('%r has ".." in it', filename)
        return stock(self, path)

    patch.replace(storage.Storage, "generate_filename", generate_filename)


@patch.when_imported("django.db.models.fields.files")
def refuse_made_paths(files):
    import posixpath

    stock = vars(files.FileField).get("generate_filename")
    names = getattr(stock, "__code__", None) and stock.__code__.co_names or ()
    patch.expect({"upload_to", "strftime", "storage"} <= set(names), "FileField makes other names")

    @functools.wraps(stock)
    def generate_filename(self, instance, filename):
        if callable(self.upload_to):
            path = self.upload_to(instance, filename)
        else:
            folder = files.datetime.datetime.now().strftime(str(self.upload_to))
            path = posixpath.join(folder, filename)
        return self.storage.generate_filename(check_path(path, self.storage))

    patch.replace(files.FileField, "generate_filename", generate_filename)
