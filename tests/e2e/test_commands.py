"""The commands that the README and the documents show, as a newcomer would type them."""

import pathlib
import re
import subprocess

from conftest import binary

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, expect=0):
    """Runs to the end and returns standard output."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == expect, done.stderr
    return done.stdout


def test_the_demo_shows_series_and_ends_well():
    shown = run(binary("virtlens"), "demo", "--vms", "20", "--duration", "4s")
    assert re.search(r"First series after [0-9.]+ s", shown), shown
    assert 'virt_vm_status{workspace="' in shown


def test_series_of_a_dump_carry_the_cluster_that_was_named():
    shown = run(binary("virtlens"), "series", "-f", "tools/testdata/cluster.yaml", "--cluster", "prod-1")
    samples = [line for line in shown.splitlines() if not line.startswith("#")]
    assert samples and all('cluster="prod-1"' in line for line in samples)


def test_a_bad_flag_is_one_line_and_exit_code_2():
    done = subprocess.run([binary("virtlens-exporter"), "--lisen", ":1"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "--lisen" in done.stderr


def test_an_address_that_cannot_be_bound_is_named():
    done = subprocess.run(
        [binary("virtlens-exporter"), "--kubeconfig", "tests/e2e/testdata/kubeconfig.yaml",
         "--listen", "127.0.0.1:0", "--telemetry-listen", "256.0.0.1:1"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "256.0.0.1" in done.stderr.strip().splitlines()[-1]
