from tests.support.probe import prove, source

from .counted_hashes import CODE


@source
def logins(User, runs):
    from django.contrib.auth.handlers.modwsgi import check_password
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_user("active", password="right")
    User.objects.create_user("inactive", password="right", is_active=False)
    for name, password in [
        ("active", "right"),
        ("active", "wrong"),
        ("inactive", "right"),
        ("unknown", "right"),
    ]:
        runs.clear()
        print(check_password({}, name, password), len(runs), end=" ")
    print(User.objects.count())


def test_a_hasher_runs_for_unknown_and_inactive_users():
    prove(
        "security.mod_wsgi_timing",
        CODE + logins,
        good="True 1 False 1 None 1 None 1 2",
        bad="True 1 False 1 None 0 None 0 2",
    )
