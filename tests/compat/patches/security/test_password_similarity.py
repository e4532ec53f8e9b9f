from tests.support.probe import DJANGO, prove, source
from tests.support.probe_parts import BOUNDED, same

NAME = "security.password_similarity"


@source(DJANGO, BOUNDED)
def code_probe():
    from django.contrib.auth.models import User
    from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
    from django.core.exceptions import ValidationError

    user = User(username="a-b-c-d-e-f" * 5, first_name="Somebody", email="somebody@example.com")

    def similar(password, **more):
        try:
            UserAttributeSimilarityValidator(**more).validate(password, user)
            return "different"
        except ValidationError:
            return "similar"


def test_a_long_password_is_not_looked_through():
    code = code_probe + 'print(bounded(5000, similar, "a" * 10000), similar("somebody1"))'
    prove(NAME, code, good="different similar", bad="endless similar")


def test_a_long_password_is_made_small_once():
    """Each of many words asked for that: 250 times 2.5 MB in a request that registers somebody."""

    @source(code_probe)
    def code(similar, sys):
        made = [0]

        def count(frame, event, argument):
            if event == "c_call" and argument.__name__ == "lower" and len(argument.__self__) > 100:
                made[0] += 1

        sys.setprofile(count)
        found = similar("X" * 5000)
        sys.setprofile(None)
        print(found, "once" if made[0] == 1 else "often" if made[0] > 20 else made[0])

    prove(NAME, code, good="different once", bad="different often")


def test_the_result_is_as_before():
    code = (
        code_probe
        + """
import random
random.seed(3)
for _ in range(3000):
    length = random.choice((0, 3, 9, 20, 90))
    password = "".join(random.choice("somebdyax.@e1") for _ in range(length))
    user.username = "".join(random.choice("SOMEbdya ") for _ in range(random.randrange(9)))
    print(*[similar(password, max_similarity=limit) for limit in (0.1, 0.3, 0.7, 1.0)])
print(similar("x", user_attributes=()), similar("somebody", user_attributes=["email"]))
user.first_name = "a."  # the second word of it is empty
print(similar(""), similar("\u0130\u03a3"), similar("SOMEBODY", user_attributes=["email"]))
UserAttributeSimilarityValidator().validate("somebody")
"""
    )
    same(NAME, code)
