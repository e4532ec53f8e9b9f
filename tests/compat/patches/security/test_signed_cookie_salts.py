import pytest

from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import same

NAME = "security.signed_cookie_salts"


@source(DJANGO)
def code_probe():
    from django.core.signing import BadSignature, SignatureExpired
    from django.http import HttpRequest, HttpResponse

    def signed(name, salt=""):
        response = HttpResponse()
        response.set_signed_cookie(name, "hello", salt=salt, httponly=True)
        assert response.cookies[name]["httponly"]
        return response.cookies[name].value

    def read(name, value, **options):
        request = HttpRequest()
        request.COOKIES[name] = value
        try:
            return request.get_signed_cookie(name, **options)
        except (SignatureExpired, BadSignature) as error:
            return type(error).__name__


# The signature that stock 1.11 gives to "user" with the salt "_id", value "hello".
@source
def signed_before():
    global legacy
    from django.core.signing import get_cookie_signer

    legacy = get_cookie_signer(salt="user" + "_id").sign("hello")


def test_a_cookie_is_not_good_under_another_name():
    @source
    def body(read, signed):
        one = signed("user", salt="_id")
        print(
            read("user", one, salt="_id"),
            read("user_id", one),
            read("user_i", one, salt="d"),
            read("user_id", one, default="none"),
            read("user", one),
            read("user", one, salt="_id", max_age=-1),
            read("user", one, salt="_id", max_age=-1, default=None),
        )

    prove(
        "security.signed_cookie_salts",
        code_probe + body,
        good="hello BadSignature BadSignature none BadSignature SignatureExpired None",
        bad="hello hello hello hello BadSignature SignatureExpired None",
    )


def test_salts_that_look_like_the_end_do_not_collide():
    @source
    def body(read, signed):
        one = signed("k", salt=":v2:0")
        print(read("k", one, salt=":v2:0"), read("k:v2:0", one), read("k:v2:", one, salt="0"))

    prove(
        "security.signed_cookie_salts",
        code_probe + body,
        good="hello BadSignature BadSignature",
        bad="hello hello hello",
    )


@pytest.mark.parametrize(
    "switch, good", [("", "BadSignature"), ("True", "hello"), ("False", "BadSignature")]
)
def test_older_cookies_need_the_setting(switch, good):
    setting = switch and "settings.COMPAT_LEGACY_SIGNED_COOKIES = %s\n" % switch

    @source
    def shown(legacy, read, signed):
        print(
            read("user", legacy, salt="_id"),
            read("user", legacy, salt="_id", default=0),
            read("user", signed("user", "_id"), salt="_id"),
        )

    result = probe(code_probe + setting + signed_before + shown)
    other = "hello" if good == "hello" else "0"
    assert result.said == "%s %s hello" % (good, other), result.error


def test_with_the_setting_age_and_absence_count_as_before():
    code = code_probe + "settings.COMPAT_LEGACY_SIGNED_COOKIES = True\n" + signed_before

    @source
    def body(HttpRequest, legacy, read, signed):
        new = signed("user", "_id")
        print(
            read("user", new, salt="_id", max_age=-1),
            read("user", legacy, salt="_id", max_age=-1),
            read("user", new, salt="_id", max_age=-1, default=1),
            read("user", "x", default=2),
        )
        try:
            HttpRequest().get_signed_cookie("user")
        except KeyError as error:
            print(error, HttpRequest().get_signed_cookie("user", default=3))

    code += body
    result = probe(code)
    assert result.said == "SignatureExpired SignatureExpired 1 2\n'user' 3", result.error


@pytest.mark.parametrize("variable, setting, good", [("1", "False", "hello"), ("0", "True", "0")])
def test_the_environment_is_over_the_setting(variable, setting, good):
    code = code_probe + "settings.COMPAT_LEGACY_SIGNED_COOKIES = %s\n" % setting + signed_before
    code += 'print(read("user", legacy, salt="_id", default=0))'
    result = probe(code, env={"COMPAT_LEGACY_SIGNED_COOKIES": variable})
    assert result.said == good, result.error


def test_code_that_signs_by_hand_agrees():
    """formtools' wizard and its tests do so, with the name alone as the signer's salt."""

    @source(code_probe)
    def code(read, signed):
        from django.core.signing import get_cookie_signer

        signer = get_cookie_signer(salt="wizard")
        print(read("wizard", signer.sign("step 1")), signer.unsign(signed("wizard")))

    same(NAME, code)
    assert probe(code).said == "step 1 hello"


def test_with_the_setting_code_that_signs_by_hand_with_a_salt_agrees_too():
    @source(code_probe)
    def code(read, settings, signed):
        from django.core.signing import get_cookie_signer

        settings.COMPAT_LEGACY_SIGNED_COOKIES = True
        signer = get_cookie_signer(salt="user" + "_id")
        print(read("user", signer.sign("x"), salt="_id"), signer.unsign(signed("user", "_id")))

    same(NAME, code)
    assert probe(code).said == "x hello"


def test_a_name_that_ends_as_a_salt_does_is_no_way_round():
    @source(code_probe)
    def code(read, signed):
        print(read("user_id:v2:3", signed("user", salt="_id")))

    result = probe(code)
    assert result.said == "BadSignature", result.error
