import pytest

from tests.support.daphne import daphne
from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import BOUNDED, WSGI
from tests.support.uploads import MULTIPART, copy_bodies, multipart, send

NAME = "security.multipart_parser"


@source(DJANGO, BOUNDED)
def parse():
    global MemoryFileUploadHandler, MultiPartParserError, base64
    import base64
    import io

    from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
    from django.http.multipartparser import MultiPartParser, MultiPartParserError

    def parse(*parts, handlers=None, content=None):
        content = (
            content
            or b"".join(
                b"--limit\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts
            )
            + b"--limit--\r\n"
        )
        meta = {
            "CONTENT_TYPE": "multipart/form-data; boundary=limit",
            "CONTENT_LENGTH": len(content),
        }
        handlers = handlers or [TemporaryFileUploadHandler()]
        parser = MultiPartParser(meta, io.BytesIO(content), handlers)
        try:
            return parser.parse()
        except Exception as error:
            return type(error).__name__

    def base64_file(data):
        return (
            b'name="f"; filename="f.bin"\r\nContent-Transfer-Encoding: base64\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n" + data
        )


@pytest.mark.parametrize("data", ["YQ", "YWJj YW", "YWJjY", "Y\\r\\n"])
def test_base64_that_ends_too_early_is_an_error(data):
    code = parse + 'print(bounded(200000, parse, base64_file(b"%s")))' % data
    prove(NAME, code, good="MultiPartParserError", bad="endless")


def test_whitespace_in_base64_costs_no_more_than_other_bytes():
    """Stock reads up to three bytes at a time, and copies all that follows for each."""

    @source(parse)
    def code(base64_file, bounded, parse):
        size = 3 * 60000
        for data in (b"Y" + b" " * size + b"WJj", (b"Y" + b" " * 70000) * 4):
            parsed = bounded(3000, parse, base64_file(data))
            print(parsed if parsed == "endless" else parsed[1]["f"].read(), end=" ")

    prove(NAME, code, good="b'abc' b'a\\x86\\x18'", bad="endless")


def test_base64_is_decoded_as_before():
    @source(parse)
    def code(base64, base64_file, bounded, parse):
        import os

        for size in (0, 1, 2, 3, 100, 64 * 1024 - 1, 64 * 1024 + 1, 300000):
            data = os.urandom(size)
            for text in (
                base64.b64encode(data),
                base64.encodebytes(data),
                base64.encodebytes(data).replace(b"\n", b"\r\n"),
                b" " + base64.b64encode(data),
            ):
                found = parse(base64_file(text), b'name="a"\r\n\r\n1')
                assert found[1]["f"].read() == data and found[1]["f"].size == size, (size, found)
                assert found[0]["a"] == "1"
        print(parse(base64_file(b"YWJ*")), end=" ")
        print(bounded(200000, parse, base64_file(b"Y")))

    prove(
        NAME,
        code,
        good="MultiPartParserError MultiPartParserError",
        bad="MultiPartParserError endless",
    )


def test_a_file_that_a_handler_skips_is_not_decoded():
    @source(parse)
    def code(MemoryFileUploadHandler, base64_file, bounded, parse):
        from django.core.files.uploadhandler import SkipFile

        class Skips(MemoryFileUploadHandler):
            def handle_raw_input(self, *arguments, **more):
                pass

            def new_file(self, *arguments, **more):
                raise SkipFile()

        post, files = parse(base64_file(b"YWJjY"), b'name="a"\r\n\r\n1', handlers=[Skips()])
        print(post["a"], len(files), bounded(200000, parse, base64_file(b"Y")))

    prove(NAME, code, good="1 0 MultiPartParserError", bad="1 0 endless")


def test_files_are_closed_after_an_error():
    @source(parse)
    def code(TemporaryFileUploadHandler, base64_file, parse):
        opened = []

        class Remembers(TemporaryFileUploadHandler):
            def file_complete(self, size):
                opened.append(super(Remembers, self).file_complete(size))
                return opened[-1]

        two = [b'name="f"; filename="f"\r\n\r\nx', base64_file(b"YWJ*"), b'name="a"\r\n\r\n1']
        print(parse(*two, handlers=[Remembers()]), [one.closed for one in opened])

    prove(NAME, code, good="MultiPartParserError [True]", bad="MultiPartParserError [False]")


@source(WSGI)
def served(HttpResponse, form, served, url):
    global urlpatterns

    def view(request):
        files = sum(len(found) for _, found in request.FILES.lists())
        return HttpResponse("%d %d" % (len(request.POST), files))

    urlpatterns = [url("^$", view)]

    def files(number):
        return [b'name="f"; filename="%d"\r\n\r\nx' % n for n in range(number)]

    def answers(*parts):
        status, body = served(form(*parts))
        print(body if status == 200 else status, end=" ")


def test_a_request_may_have_100_files():
    @source(served)
    def code(answers, files):
        answers(*files(100))
        answers(*files(101))
        answers(*files(300))

    prove(NAME, code, good="0 100 400 400", bad="0 100 0 101 0 300")


@pytest.mark.parametrize("limit, good", [(1, "0 1 400"), (150, "0 1 0 101"), (None, "0 1 0 101")])
def test_the_setting(limit, good):
    code = served + "settings.DATA_UPLOAD_MAX_NUMBER_FILES = %r\n" % limit

    @source
    def rest(answers, files):
        answers(*files(1))
        answers(*files(101))

    code += rest
    found = probe(code)
    assert found.said == good, found.error
    assert probe(code, disable=NAME).said == "0 1 0 101"


@pytest.mark.parametrize("variable, good", [("1", "0 1 400"), ("none", "0 1 0 101")])
def test_the_environment_is_over_the_setting(variable, good):
    code = served + "settings.DATA_UPLOAD_MAX_NUMBER_FILES = 50\n"

    @source
    def rest(answers, files):
        answers(*files(1))
        answers(*files(101))

    code += rest
    found = probe(code, env={"COMPAT_DATA_UPLOAD_MAX_NUMBER_FILES": variable})
    assert found.said == good, found.error


def test_parts_without_a_name_count_as_fields():
    @source(served)
    def code(answers, files, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5
        fields = [b'name="%d"\r\n\r\nx' % n for n in range(6)]
        answers(*fields[:5])
        answers(*fields)
        answers(*[b"nothing"] * 50)
        answers(*fields[:5] + files(3))

    prove(NAME, code, good="5 0 400 400 5 3", bad="5 0 400 0 0 5 3")


def test_the_view_after_an_error_finds_an_empty_post():
    @source(served)
    def code(HttpResponse, answers, files, url):
        global urlpatterns
        from django.core.exceptions import SuspiciousOperation

        def view(request):
            request.body
            try:
                request.POST
            except SuspiciousOperation as error:
                return HttpResponse("%s %d" % (type(error).__name__, len(request.POST)))
            return HttpResponse("taken")

        urlpatterns = [url("^$", view)]
        answers(*files(101))

    prove(NAME, code, good="TooManyFilesSent 0", bad="taken")


def test_through_channels(tmp_path):
    site = copy_bodies(tmp_path)
    one = multipart(files=[(b"f", b"f", b"x")])
    many = multipart(files=[(b"f", b"%d" % n, b"x") for n in range(101)])
    broken = one.replace(b"\r\n\r\nx", b"\r\nContent-Transfer-Encoding: base64\r\n\r\nY")

    def status(address, body):
        return send(address, "/steps/files/", body, MULTIPART)[0]

    with daphne(site, "bodies:application") as address:
        assert [status(address, body) for body in (one, many, broken, one)] == [200, 400, 400, 200]
    with daphne(site, "bodies:application", COMPAT_DISABLE=NAME) as address:
        assert [status(address, body) for body in (one, many)] == [200, 200]
