"""`make bench`: every benchmark, or those that are named, each in a process of its own so that none warms another."""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("path", "storm", "delivery", "clock", "start", "rivals")
"""Modules of this folder; each prints its figures when it is run."""


def main() -> int:
    """Run the benchmarks one after another. Exit code 0 when all of them ran, whether or not every target was met."""
    wanted = sys.argv[1:] or BENCHES
    if unknown := [name for name in wanted if name not in BENCHES]:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}\n")
        return 2
    broken = [name for name in wanted if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode]  # noqa: S603
    if broken:
        sys.stderr.write(f"did not run to the end: {', '.join(broken)}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
