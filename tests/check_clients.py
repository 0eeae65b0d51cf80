"""Checks that good clients come out of the specification: `check_clients.py PROGRAM NODE_MODULES`.

A client in TypeScript and one in Python are generated into a temporary folder, the sessions in tests/clients are checked
against their types, and run against the program.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from running_program import report, start

HERE = pathlib.Path(__file__).parent.resolve()
# The virtual environment's programs. The generator of the Python client formats it with one that it looks for in PATH.
TOOLS = pathlib.Path(sys.executable).parent
PATH = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
PICTURE = HERE / "images" / "hello.png"
SECONDS = 300


def main():
    """Runs every check and prints one line for each, then the sum."""
    program, modules = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="ocellus-clients-") as name:
        folder = pathlib.Path(name)
        specification = folder / "openapi.json"
        with specification.open("wb") as sink:
            subprocess.run([program, "openapi"], stdout=sink, check=True)
        home = folder / "home"
        home.mkdir()
        process, base = start(program, home)
        try:
            outcomes = [
                report("what is printed is what is served", is_served(specification, base)),
                *typescript(folder / "typescript", specification, base, modules),
                *python(folder / "python", specification, base),
            ]
        finally:
            process.terminate()
            process.wait(timeout=40)
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def is_served(specification, base):
    """Whether the program serves the specification that it prints."""
    with urllib.request.urlopen(base + "/openapi.json") as answer:
        return json.load(answer) == json.loads(specification.read_text())


def typescript(folder, specification, base, modules):
    """The checks of the client in TypeScript."""
    shutil.copytree(HERE / "clients" / "typescript", folder)
    (folder / "node_modules").symlink_to(modules)
    yield report("TypeScript: the client is generated", does(folder, "node", "generate.js", specification, "ocellus.d.ts"))
    yield report("TypeScript: the session keeps to the types", does(folder, "node", "node_modules/typescript/bin/tsc"))
    yield report("TypeScript: the session runs", reads(folder, "node", "session.js", base, PICTURE))


def python(folder, specification, base):
    """The checks of the client in Python."""
    shutil.copytree(HERE / "clients" / "python", folder)
    generate = ["generate", "--path", specification, "--meta", "none", "--output-path", "ocellus", "--fail-on-warning"]
    # The types of the session count, and of the client only what the session sees of them.
    mypy = ["--strict", "--follow-imports=silent", f"--cache-dir={TOOLS.parent / 'mypy'}", "--no-error-summary"]
    yield report("Python: the client is generated", does(folder, "openapi-python-client", *generate))
    yield report("Python: the session keeps to the types", does(folder, "mypy", *mypy, "session.py"))
    yield report("Python: the session runs", reads(folder, sys.executable, "session.py", base, PICTURE))


def does(folder, *command):
    """Whether a command succeeds; what it says is shown where it does not."""
    return said(folder, command) is not None


def reads(folder, *command):
    """Whether a session prints the text of the picture."""
    output = said(folder, command)
    expected = PICTURE.with_suffix(".txt").read_text().split()
    if output is not None and output.split() != expected:
        print(f"read {output.split()}, not {expected}")
    return output is not None and output.split() == expected


def said(folder, command):
    """What a command prints; nothing where it fails."""
    settings = dict(os.environ, PATH=PATH, PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        command, cwd=folder, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode == 0:
        return done.stdout
    print(done.stdout + done.stderr)
    return None


if __name__ == "__main__":
    sys.exit(main())
