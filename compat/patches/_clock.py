"""The time in UTC, asked for as Python does not deprecate."""

import datetime


def until(moment, timezone):
    """Whole seconds from now to a datetime, at least 0, rounded up; a naive one is in UTC.

    `timezone` is Django's module.
    """
    if timezone.is_aware(moment):
        moment = timezone.make_naive(moment, timezone.utc)
    left = moment - type(moment).now(datetime.timezone.utc).replace(tzinfo=None)
    left += datetime.timedelta(seconds=1)  # what the text of the cookie loses
    return max(0, left.days * 86400 + left.seconds)
