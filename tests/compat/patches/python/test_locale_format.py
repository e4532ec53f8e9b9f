import sys

from tests.support.probe import prove, source


@source
def code():
    import locale

    locale._override_localeconv = dict(
        locale.localeconv(), decimal_point=",", thousands_sep=".", grouping=[3, 0]
    )
    print(locale.format("%.2f", 1234567.891, grouping=True), locale.format("%d", 1234))
    print(locale.format("%*d", 5, False, False, 42))
    for percent in ["%d and %d", "text", "%d%%", ""]:
        try:
            locale.format(percent, 1)
        except ValueError:
            print("ValueError")
    locale.resetlocale(locale.LC_NUMERIC)


def test_numbers_as_the_locale_writes_them():
    prove(
        "python.locale_format",
        code,
        good="1.234.567,89 1234\n   42" + "\nValueError" * 4,
        bad="no attribute 'format'",
        needed=sys.version_info >= (3, 12),
        env={"LC_ALL": "C"},
    )
