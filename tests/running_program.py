"""What the checks of the running program have in common."""

import json
import os
import pathlib
import subprocess
import sys
import time

START_SECONDS = 60


def report(what, held):
    """Prints whether a check held, and hands the answer on."""
    print(f"{'ok' if held else 'FAILED'}: {what}", flush=True)
    return held


def start(program, folder):
    """Starts the program and waits for its address in the log."""
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen([program, "serve"], cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stderr=sink)
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


def environment():
    """What the program needs of the environment, and nobody's settings."""
    kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")
    faces = os.environ.get("OCELLUS_TEST_FACES", pathlib.Path(__file__).parents[1] / "target" / "test-faces")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        # Without models, logging in with a face is unavailable.
        "OCELLUS__FACES__MODELS_DIR": str(pathlib.Path(faces) / "models"),
        # Without a classifier, predicting is unavailable.
        "OCELLUS__PREDICTIONS__MODELS": (pathlib.Path(__file__).parent / "models" / "colours").resolve().as_uri(),
        "OCELLUS__HTTP__PORT": "0",
        # Everything that is tried comes from one address.
        "OCELLUS__RATE_LIMITS__REGISTRATION__PER_NETWORK": "0",
        "OCELLUS__RATE_LIMITS__LOGIN__PER_NETWORK": "0",
        # Without an issuer, logging in with an ID token is unavailable; no token that is made up here is of this one.
        "OCELLUS__OIDC__PROVIDERS": "http://127.0.0.1:9=ocellus",
    }
