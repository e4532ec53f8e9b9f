"""The modules that Python 3.7 to 3.13 removed, and what brings each back."""

# Name → (the Python without it, what pip installs instead or ""); PAGE has it, too.
REMOVED = {
    "macurl2path": ("3.7", ""),
    "macpath": ("3.8", ""),
    "formatter": ("3.10", ""),
    "parser": ("3.10", ""),
    "symbol": ("3.10", ""),
    "binhex": ("3.11", ""),
    "asynchat": ("3.12", "standard-asynchat==3.13.0"),
    "asyncore": ("3.12", "standard-asyncore==3.13.0"),
    "distutils": ("3.12", "setuptools==80.9.0"),
    "imp": ("3.12", "zombie-imp==0.0.4"),
    "smtpd": ("3.12", "standard-smtpd==3.13.0"),
    "aifc": ("3.13", "standard-aifc==3.13.0"),
    "audioop": ("3.13", "audioop-lts==0.2.2"),
    "cgi": ("3.13", "legacy-cgi==2.6.4"),
    "cgitb": ("3.13", "legacy-cgi==2.6.4"),
    "chunk": ("3.13", "standard-chunk==3.13.0"),
    "crypt": ("3.13", "crypt-r==3.13.1"),
    "imghdr": ("3.13", "standard-imghdr==3.13.0"),
    "lib2to3": ("3.13", ""),
    "mailcap": ("3.13", "standard-mailcap==3.13.0"),
    "msilib": ("3.13", ""),
    "nis": ("3.13", ""),
    "nntplib": ("3.13", "standard-nntplib==3.13.0"),
    "ossaudiodev": ("3.13", ""),
    "pipes": ("3.13", "standard-pipes==3.13.0"),
    "sndhdr": ("3.13", "standard-sndhdr==3.13.0"),
    "spwd": ("3.13", ""),
    "sunau": ("3.13", "standard-sunau==3.13.0"),
    "telnetlib": ("3.13", "standard-telnetlib==3.13.0"),
    "tkinter.tix": ("3.13", ""),
    "uu": ("3.13", "standard-uu==3.13.0"),
    "xdrlib": ("3.13", "standard-xdrlib==3.13.0"),
}
PAGE = "docs/reference/removed-modules.txt"
# Not the standard library's, but gone with distutils from a fresh environment.
BESIDE = {"pkg_resources": ("3.12", "setuptools==80.9.0")}


def hint(name):
    """What to do about a module that is not there, in one line."""
    since, package = REMOVED.get(name) or BESIDE[name]
    what = "pip install %s" % package if package else "nothing brings it back"
    whose = "Python %s removed it" if name in REMOVED else "Python %s installs it no more"
    return "%s: %s (%s)" % (whose % since, what, PAGE)
