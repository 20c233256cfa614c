#!/usr/bin/env python3
"""Times other parsers on the page of page_bench.cc and prints them beside ours.

    scripts/build bench bench component_page && tests/bench/page_peers.py

prometheus_client (Python) is taken when it is installed, Go's expfmt when Go is. Seconds are of
processor time, on one core, so that a busy machine does not matter.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/bench/bin"
SECONDS = 2.0


def rate_of_ours(page: str) -> float:
    """Returns bytes a second of PageReader."""
    done = subprocess.run([BIN / "bench", "--benchmark_filter=^ReadComponentPage$", "--benchmark_format=json"],
                          stdout=subprocess.PIPE, check=True)
    return len(page) / (json.loads(done.stdout)["benchmarks"][0]["cpu_time"] * 1e-9)


def rate_of_python(page: str) -> float | None:
    """Returns bytes a second of prometheus_client's text parser."""
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        print("prometheus_client is not installed: pip install prometheus_client", file=sys.stderr)
        return None
    rounds, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        for _ in text_string_to_metric_families(page):
            pass
        rounds += 1
    return rounds * len(page) / (time.process_time() - start)


def rate_of_go(path: str) -> float | None:
    """Returns bytes a second of github.com/prometheus/common/expfmt."""
    try:
        done = subprocess.run(["go", "run", ".", path], cwd=ROOT / "tests/bench/expfmt",
                              env={**os.environ, "GOMAXPROCS": "1"},
                              stdout=subprocess.PIPE, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"expfmt did not run: {error}", file=sys.stderr)
        return None
    return float(done.stdout)


def main() -> None:
    """Prints one line a parser."""
    page = subprocess.run([BIN / "component_page"], stdout=subprocess.PIPE, text=True, check=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(page)
        file.flush()
        ours = rate_of_ours(page)
        peers = {"prometheus_client": rate_of_python(page), "Go expfmt": rate_of_go(file.name)}
    print(f"{'parser':<20} {'MB/s':>10} {'we are faster by':>18}")
    print(f"{'PageReader':<20} {ours / 1e6:>10.1f} {'':>18}")
    for name, rate in peers.items():
        if rate is not None:
            print(f"{name:<20} {rate / 1e6:>10.1f} {ours / rate:>18.0f}")


if __name__ == "__main__":
    main()
