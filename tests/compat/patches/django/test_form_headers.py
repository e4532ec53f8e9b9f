from tests.support.probe import probe, prove, source
from tests.support.probe_parts import WSGI

NAME = "django.form_headers"


@source(WSGI)
def code_probe(HttpResponse, form, url):
    global urlpatterns, whole
    import logging

    logging.disable(logging.CRITICAL)

    def view(request):
        return HttpResponse(
            ",".join(sorted(request.POST))
            + ";"
            + ",".join("%s=%s" % (name, file.name) for name, file in sorted(request.FILES.items()))
        )

    urlpatterns = [url("^$", view)]
    whole = form(b'name="a"\r\n\r\n1')


def test_a_content_type_that_cannot_be_read_is_a_bad_request():
    @source(code_probe)
    def code(served, whole):
        bad = [b"x=\xff; boundary=", b"boundary*=nonsense''%41; x=", b"x*=hex''%41; boundary="]
        for content_type in bad:
            print(served(whole.replace(b"boundary=", content_type))[0], end=" ")
        print(served(whole)[1])

    prove(NAME, code, good="400 400 400 a;", bad="500 500 500 a;")


def test_a_part_whose_header_cannot_be_read_is_left_out():
    @source(code_probe)
    def code(form, served):
        for part in [
            b"name=\"b\"; filename*=nonsense''%41",
            b"name*=nonsense''%41",
            b"name*=zlib''%41",
        ]:
            print(*served(form(part + b"\r\n\r\n1", b'name="c"\r\n\r\n1')), end=" ")

    found = probe(code)
    assert found.said == "200 c; 200 c; 200 c;", found.error
    found = probe(code, disable=NAME)
    assert found.said.split()[::2] != ["200"] * 3
    assert "500" in found.said, found.error


def test_an_entity_of_no_character_is_no_error():
    code = (
        code_probe
        + """
print(*served(form(b'name="a"; filename="x&#99999999999;y&amp;.txt"\\r\\n\\r\\n1')))
"""
    )
    found = probe(code)
    assert found.said.startswith("200 ;a=x") and found.said.endswith("y&.txt"), found.error


def test_encodings_that_python_knows_are_as_before():
    @source(code_probe)
    def code(form, served):
        sent = form(
            b"name=\"a\"; filename*=UTF-8''%E4%B8%AD%E6%96%87.txt\r\n\r\n1",
            b"name=\"b\"; filename*=iso-8859-1''%FCber.txt\r\n\r\n1",
        )
        print(ascii(served(sent)[1]))

    for disable in ("", NAME):
        found = probe(code, disable=disable)
        assert found.said == ascii(";a=\u4e2d\u6587.txt,b=\xfcber.txt"), found.error
