"""Checks what the program says about itself: `check_specification.py PROGRAM`.

The specification must be valid, and Schemathesis must find no request whose answer breaks it. The program runs in a
temporary folder, on a port of its own, and ends with this script.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import openapi_spec_validator

from running_program import environment, report, start

HERE = pathlib.Path(__file__).parent
SEED = "20261121"
EXAMPLES = "25"

# Deletes whoever it is called as, so it runs last and as somebody of its own.
DELETING_ONESELF = "DELETE /user"


def main():
    """Runs every check and prints one line for each, then the sum."""
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ocellus-specification-") as folder:
        process, base = start(program, pathlib.Path(folder))

        def promote(name):
            """Makes an admin of a user, to whom every door is open."""
            subprocess.run([program, "user", "promote", name], cwd=folder, env=environment(), check=True)

        try:
            outcomes = [
                report("the specification is valid", is_valid(base)),
                report("every operation keeps to it", keeps_to_it(base, promote, f"--exclude-name={DELETING_ONESELF}")),
                report("deleting oneself keeps to it", keeps_to_it(base, promote, f"--include-name={DELETING_ONESELF}")),
                report("the program still runs", process.poll() is None),
            ]
        finally:
            process.terminate()
            process.wait(timeout=40)
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def is_valid(base):
    """Whether the served document is an OpenAPI document."""
    try:
        openapi_spec_validator.validate(call(base, "/openapi.json"))
    except Exception as error:  # Whatever the validator stumbles over makes the document invalid.
        print(error)
        return False
    return True


def keeps_to_it(base, promote, selection):
    """Whether Schemathesis finds nothing in the selected operations."""
    token, image = somebody(base, promote)
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run",
        base + "/openapi.json",
        selection,
        f"--header=Authorization: Bearer {token}",
        f"--max-examples={EXAMPLES}",
        f"--seed={SEED}",
        "--generation-database=none",
        "--no-color",
    ]
    settings = dict(os.environ, OCELLUS_IMAGE=image, SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=str(HERE))
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, env=settings, cwd=folder, check=False).returncode == 0


def somebody(base, promote):
    """Registers an admin with an image: the access token, and the image's id."""
    somebody.count += 1
    name, password = f"schemathesis{somebody.count}", "a walk through every door"
    call(base, "/register", {"username": name, "email": f"{name}@example.org", "password": password})
    promote(name)
    token = call(base, "/login", {"username": name, "password": password})["access_token"]
    image = (HERE / "images" / "blank.png").read_bytes()
    line = b"line-between-parts"
    head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="blank.png"\r\n\r\n' % line
    request = urllib.request.Request(
        base + "/images",
        head + image + b"\r\n--%b--\r\n" % line,
        {"Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={line.decode()}"},
    )
    with urllib.request.urlopen(request) as answer:
        return token, json.load(answer)["id"]


somebody.count = 0


def call(base, path, body=None):
    """GETs, or POSTs JSON, and gives the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
