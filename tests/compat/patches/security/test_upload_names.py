from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import WSGI

NAME = "security.upload_names"


@source(WSGI)
def uploaded(HttpResponse, form, served, url):
    global urlpatterns
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    class Names(MemoryFileUploadHandler):
        "Takes the name that the parser gives it, as a handler of a site may."

        def new_file(self, field_name, file_name, *arguments, **more):
            names.append(file_name)
            super(Names, self).new_file(field_name, file_name, *arguments, **more)

    names = []

    def view(request):
        request.upload_handlers = [Names(request)]
        return HttpResponse(" ".join(f.name for f in request.FILES.values()))

    urlpatterns = [url("^$", view)]

    def upload(name):
        names[:] = []
        status, body = served(form(b'name="f"; filename="' + name.encode() + b'"\r\n\r\nx'))
        return status, list(names), body


# Sent, and what stock makes of it.
PATHS = {
    "../evil.txt": "../evil.txt",
    "/tmp/evil.txt": "/tmp/evil.txt",
    "C:\\windows\\evil.txt": "evil.txt",
    "..\\../\\evil.txt": "evil.txt",
    "..\\../evil.txt": "../evil.txt",
    "..&#x2F;evil.txt": "../evil.txt",
    "..&#47;evil.txt": "../evil.txt",
    "&sol;tmp&sol;evil.txt": "&sol;tmp&sol;evil.txt",
    "..&bsol;evil.txt": "..&bsol;evil.txt",
    "evil\x01.txt": "evil\x01.txt",
    "\u202eevil.txt": "\u202eevil.txt",
}


def test_handlers_get_the_last_step_of_a_name():
    code = uploaded + "print([upload(sent)[1] for sent in %a])" % list(PATHS)
    prove(
        NAME,
        code,
        good=str([["evil.txt"]] * len(PATHS)),
        bad=str([[stock] for stock in PATHS.values()]),
    )


def test_names_that_say_their_encoding():
    """As RFC 2231 has them, decoded after the quotation marks are gone."""

    @source(uploaded)
    def code(form, names, served):
        for sent in (
            b"..%2F%C3%A9vil.txt",
            b"%2e%2e%2f%2e%2e%5cevil.txt",
            b"..%26%2347%3Bevil.txt",
        ):
            names[:] = []
            named = b'name="f"; filename*=' + b"UTF-8''" + sent
            served(form(named + b"\r\n\r\nx"))
            print(ascii(names), end=" ")

    prove(
        NAME,
        code,
        good=r"['\xe9vil.txt'] ['evil.txt'] ['evil.txt']",
        bad=r"['../\xe9vil.txt'] ['evil.txt'] ['../evil.txt']",
    )


def test_what_is_no_name_is_no_file():
    sent = [".", "..", "a/..", "a&sol;..", "../.", "\x00\x01"]
    code = uploaded + "print(*[len(upload(sent)[1]) for sent in %a])" % sent
    prove(NAME, code, good="0 0 0 0 0 0", bad="1 1 1 1 1 1")


def test_names_as_browsers_send_them():
    @source(uploaded)
    def code(upload):
        sent = [
            "a.txt",
            "\u00e9t\u00e9 2020.tar.gz",
            "..a",
            "a..",
            "a b",
            ".hidden",
            "\u65e5\u672c.pdf",
        ]
        for name in sent:
            assert upload(name) == (200, [name], name), upload(name)
        print(upload("a/b")[1])

    prove(NAME, code, good="['b']", bad="['a/b']")


def test_an_uploaded_file_has_a_name_or_none():
    @source(DJANGO)
    def code():
        from django.core.exceptions import SuspiciousFileOperation
        from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile

        def name(given):
            try:
                return repr(UploadedFile(name=given).name)
            except SuspiciousFileOperation:
                return "refused"

        print(*map(name, ["a/b.txt", None, "", ".", "..", "a/..", "/"]))
        print(
            SimpleUploadedFile("a/b.txt", b"x").name,
            len(UploadedFile(name="x" * 300 + ".txt").name),
        )
        # Code of the site may give it names that are strange, but no paths on this system.
        print(*map(name, ["\\\\host\\a.txt", "a\\..\\b"]))
        one = UploadedFile(name="a")
        try:
            one.name = ".."
        except SuspiciousFileOperation:
            pass
        print(one.name)

    same = "\nb.txt 255\n%r %r\n" % ("\\\\host\\a.txt", "a\\..\\b")
    prove(
        NAME,
        code,
        good="'b.txt' None refused refused refused refused refused" + same + "a",
        bad="'b.txt' None '' '.' '..' '..' ''" + same + "..",
    )


@source(DJANGO)
def valid():
    from django.core.exceptions import SuspiciousFileOperation
    from django.core.files import storage
    from django.utils import text
    from django.utils.functional import lazystr

    def name(given, function):
        try:
            return str(function(given))
        except SuspiciousFileOperation:
            return "refused"

    functions = [
        text.get_valid_filename,
        storage.get_valid_filename,
        storage.Storage().get_valid_name,
    ]
    for function in functions:
        print(*[name(given, function) for given in ("a b.txt", "..", ".", "$.$.$", "$", "")])
    print(name(lazystr("a b"), text.get_valid_filename))


def test_a_valid_name_is_one():
    good, bad = (
        "\n".join(["a_b.txt " + rest] * 3) + "\na_b"
        for rest in (" ".join(["refused"] * 5), ".. . ..")
    )
    prove(NAME, valid, good=good, bad=bad.split("\n")[0])


def test_who_took_the_function_before_has_the_checked_one():
    prove(
        NAME,
        "from django.utils.text import get_valid_filename\n"
        + valid
        + "print(get_valid_filename is text.get_valid_filename)",
        good="\n".join(["a_b.txt" + " refused" * 5] * 3) + "\na_b\nTrue",
        bad="a_b.txt .. .",
    )


@source(DJANGO)
def generated():
    global os
    import os

    from django.core.exceptions import SuspiciousFileOperation
    from django.core.files.storage import Storage
    from django.db import models

    def made(upload_to, name, own_storage=False):
        class Own(Storage):
            def generate_filename(self, filename):
                return filename

        field = models.FileField(upload_to=upload_to, storage=Own() if own_storage else Storage())
        try:
            return field.generate_filename(None, name)
        except SuspiciousFileOperation:
            return "refused"


def test_a_path_that_upload_to_makes_stays_below():
    @source(generated)
    def code(made, os, settings):
        def join(instance, name):
            return os.path.join("docs", name)

        print(
            made(join, "../evil"),
            made(join, "/etc/evil"),
            made(join, "a/../../evil"),
            made(join, "a\\..\\..\\evil", own_storage=True),
            made(join, "..", own_storage=True),
            made("up/../..", "evil"),
            made(join, "a/b c.txt"),
            made("%Y", "a")[-2:],
            made("", "a.b"),
        )
        settings.COMPAT_ABSOLUTE_FILE_NAMES = True
        print(made(join, "/srv/media/a"), made(join, "/srv/../a"))

    refused = " ".join(["refused"] * 6)
    prove(
        NAME,
        code,
        good=refused + " docs/a/b_c.txt /a a.b\n/srv/media/a refused",
        bad="evil /etc/evil evil docs/a\\..\\..\\evil docs/.. ../evil docs/a/b_c.txt /a a.b\n",
    )


def test_storages_refuse_parents_by_themselves():
    @source(generated)
    def code(Storage, SuspiciousFileOperation):
        for name in ("a/../../evil", "a\\..\\..\\evil/x", "..", "a/b.txt", "/a"):
            try:
                print(Storage().generate_filename(name), end=" ")
            except SuspiciousFileOperation:
                print("refused", end=" ")

    prove(NAME, code, good="refused refused refused a/b.txt /a", bad="../evil a")
