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
import time
import urllib.request

import openapi_spec_validator

HERE = pathlib.Path(__file__).parent
SEED = "20261121"
EXAMPLES = "25"
START_SECONDS = 60

# Deletes whoever it is called as, so it runs last and as somebody of its own.
DELETING_ONESELF = "DELETE /user"


def main():
    """Runs every check and prints one line for each, then the sum."""
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ocellus-specification-") as folder:
        process, base = start(program, pathlib.Path(folder))
        try:
            outcomes = [
                report("the specification is valid", is_valid(base)),
                report("every operation keeps to it", keeps_to_it(base, f"--exclude-name={DELETING_ONESELF}")),
                report("deleting oneself keeps to it", keeps_to_it(base, f"--include-name={DELETING_ONESELF}")),
                report("the program still runs", process.poll() is None),
            ]
        finally:
            process.terminate()
            process.wait(timeout=40)
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def report(what, held):
    """Prints whether a check held, and hands the answer on."""
    print(f"{'ok' if held else 'FAILED'}: {what}", flush=True)
    return held


def start(program, folder):
    """Starts the program and waits for its address in the log."""
    log = folder / "log"
    kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["OCELLUS__HTTP__PORT"] = "0"
    # Everything that is tried comes from one address.
    environment["OCELLUS__LIMITS__REGISTRATIONS_PER_ADDRESS"] = "0"
    environment["OCELLUS__LIMITS__LOGIN_FAILURES_PER_ADDRESS"] = "0"
    with log.open("wb") as sink:
        process = subprocess.Popen([program, "serve"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stderr=sink)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(errors="replace").splitlines():
            entry = json.loads(line) if line.startswith("{") else {}
            entry = entry.get("fields", entry)
            if entry.get("message") == "listening" and "address" in entry:
                return process, "http://" + entry["address"].removeprefix("socket://")
        time.sleep(0.05)
    process.kill()
    sys.exit("the program did not start:\n" + log.read_text(errors="replace"))


def is_valid(base):
    """Whether the served document is an OpenAPI document."""
    try:
        openapi_spec_validator.validate(call(base, "/openapi.json"))
    except Exception as error:  # Whatever the validator stumbles over makes the document invalid.
        print(error)
        return False
    return True


def keeps_to_it(base, selection):
    """Whether Schemathesis finds nothing in the selected operations."""
    token, image = somebody(base)
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
    environment = dict(os.environ, OCELLUS_IMAGE=image, SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=str(HERE))
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode == 0


def somebody(base):
    """Registers somebody with an image: the access token, and the image's id."""
    somebody.count += 1
    name, password = f"schemathesis{somebody.count}", "a walk through every door"
    call(base, "/register", {"username": name, "email": f"{name}@example.org", "password": password})
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
