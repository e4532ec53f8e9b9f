"""What the tests of slowness, floods and bodies try, for docs/: (what, what becomes of it, by)."""

BEHAVIOUR = [
    ("head of a handshake, a byte a second", "closed after 15 s", "nginx"),
    ("the same where another server is the address's default", "closed after 15 s", "nginx"),
    (
        "1,000 connections that say nothing, or half a head",
        "others are served; daphne sees none of them",
        "nginx",
    ),
    ("frame, a byte at a time, and no answer to pings", "closed after 20 s + 30 s", "daphne"),
    ("8 MB of pings, and nothing read", "dropped after 1,000 of them", "daphne"),
    ("200,000 tiny messages at once", "64 wait in daphne, the rest with the client", "daphne"),
    (
        "pings, pongs, or empty fragments without end, from eight sockets",
        "closed with 4029 after 1,000; others wait for less than 0.5 s",
        "daphne",
    ),
    (
        "messages of 60 kB, or handshakes, without end, from eight sockets",
        "others wait for less than 0.5 s",
        "daphne",
    ),
    (
        "refused requests, or a body in pieces of a byte, without end, on eight connections",
        "others wait for less than 0.5 s",
        "daphne",
    ),
    ("messages faster than 20 a second", "dropped, one error a second says so", "the site"),
    ("300 clients that leave in the middle", "nothing is left of them", "daphne"),
    ("form of more than 2.5 MB, to daphne", "400", "Django"),
    ("file of 3 MB, to daphne", "taken, by way of a temporary file", "channels"),
]
