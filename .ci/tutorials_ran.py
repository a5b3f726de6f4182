"""Fails unless each tutorial that CI must run was run and is verified.

A skipped tutorial is no failure of `stagebook run`, and rightly so on a laptop without buildah.
Here everything they need has been installed, so a skip would mean that CI proves less than it says.
"""

import json
import subprocess
import sys

REQUIRED = [
    ("tutorials/first-image.md", None),
    ("tutorials/base-image.md", "base=debian"),
    ("tutorials/staging-registry.md", None),
    ("tutorials/reproducible.md", None),
    ("tutorials/parity.md", None),
    ("tutorials/fedora-coreos-streams.md", None),
    ("tutorials/add-a-release.md", None),
]


def main(stagebook: str) -> int:
    command = [stagebook, "status", "--format", "json"]
    status = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout)
    states = {(entry["tutorial"], entry.get("variant")): entry["state"] for entry in status["tutorials"]}
    not_run = 0
    for tutorial, variant in REQUIRED:
        state = states.get((tutorial, variant), "not in the status")
        shown = f"{tutorial} [{variant}]" if variant else tutorial
        print(f"{shown}: {state}")
        not_run += state != "verified"
    return 1 if not_run else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
