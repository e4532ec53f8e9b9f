import sys

from tests.support.probe import prove, source

NAME = "cryptography.last_release"
NEEDED = sys.version_info < (3, 9)
AS_USUAL = {
    "PYTHONWARNINGS": "ignore::ImportWarning"
}  # as Python does; other probes are told nothing
TEXT = "is no longer supported by the Python core team"


@source
def shown():
    import warnings

    said = []
    warnings.showwarning = lambda message, *rest, **more: said.append(str(message))
    import cryptography

    cryptography.__version__
    print(len(said), "".join(said))


@source
def asked_for():
    import warnings

    said = []
    warnings.showwarning = lambda message, *rest, **more: said.append(str(message))
    warnings.simplefilter("always")
    import cryptography

    cryptography.__version__
    print("told" if said else "not told")


def test_a_command_says_nothing():
    prove(NAME, shown, good="0", bad=TEXT, needed=NEEDED, env=AS_USUAL)


def test_who_asks_for_warnings_gets_them():
    told = "told" if NEEDED else "not told"
    prove(NAME, asked_for, good=told, bad=told, needed=NEEDED, env=AS_USUAL)
