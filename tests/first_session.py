"""Prints the README's first session, to be run in a shell: `first_session.py ADDRESS`."""

import pathlib
import re
import sys

README = pathlib.Path(__file__).parents[1] / "README.md"
PRINTED = "http://127.0.0.1:8080"


def main():
    """Prints the block that follows the mark, for the service at this address."""
    _, after = README.read_text().split("<!-- first session -->")
    session = re.match(r"\s*```sh\n(.*?)```", after, re.DOTALL).group(1)
    assert PRINTED in session, f"the session does not talk to {PRINTED}"
    print(session.replace(PRINTED, sys.argv[1]))


if __name__ == "__main__":
    main()
