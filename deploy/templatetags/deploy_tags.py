"""Small words for the deploy pages."""

from django import template

register = template.Library()


@register.filter
def clock(duration):
    """Write a timedelta as 4.2 s, 3:07 or 1:02:09; "" for None."""
    if duration is None:
        return ""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def seconds(duration):
    """Write a timedelta as a number of seconds, for a script to count on from; "" for None."""
    return "" if duration is None else f"{duration.total_seconds():.3f}"
