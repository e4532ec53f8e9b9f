"""
`python -m tests.support.vex_schemas`: whether what `manage.py compat --vex` prints meets the
formats' own JSON schemas. It needs packages that `make test` does not, hence an environment of its
own:

    python3 -m venv var/vex && var/vex/bin/pip install "cyclonedx-python-lib[json-validation]"
    python manage.py compat --vex cyclonedx |
        var/vex/bin/python -m tests.support.vex_schemas cyclonedx
    python manage.py compat --vex openvex |
        var/vex/bin/python -m tests.support.vex_schemas openvex --schema openvex_json_schema.json

OpenVEX's schema is on no package index: take it from https://github.com/openvex/spec.
"""

import argparse
import json
import sys


def main(arguments=None):
    """Run the command line; returns the exit code: 0 valid, 1 not, 2 for a wrong command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.vex_schemas",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("form", choices=["openvex", "cyclonedx"])
    parser.add_argument("--schema", type=argparse.FileType(), help="OpenVEX's JSON schema")
    options = parser.parse_args(arguments)
    if (options.form == "openvex") != bool(options.schema):
        parser.error("openvex needs --schema, cyclonedx has its own")
    text = sys.stdin.read()
    try:
        found = openvex(text, json.load(options.schema)) if options.schema else cyclonedx(text)
    except ImportError as error:
        parser.error("%s; --help says what to install" % error)
    except ValueError as error:
        parser.error("not a document: %s" % error)
    for error in found:
        print(error)
    print("%s: %s" % (options.form, "not valid" if found else "valid"))
    return 1 if found else 0


def cyclonedx(text):
    """What is wrong with a document, a list of strings."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = json.loads(text)
    if not isinstance(document, dict) or "specVersion" not in document:
        raise ValueError("it has no specVersion")
    version = SchemaVersion.from_version(str(document["specVersion"]))
    error = JsonStrictValidator(version).validate_str(text)
    return [str(error)] if error else []


def openvex(text, schema):
    """The same, by a schema that is given."""
    from jsonschema.validators import validator_for

    validator = validator_for(schema)
    errors = validator(schema, format_checker=validator.FORMAT_CHECKER).iter_errors
    return [
        "%s: %s" % (list(error.absolute_path), error.message) for error in errors(json.loads(text))
    ]


if __name__ == "__main__":
    sys.exit(main())
