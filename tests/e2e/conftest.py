"""The cluster, exporter and Prometheus the tests share, started once a session."""

import contextlib
import os
import pathlib
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "testbed")]

# pylint: disable=wrong-import-position
from agreement import wait_agreement  # noqa: E402
from cluster import Project  # noqa: E402
from control_plane import ControlPlane  # noqa: E402
from exposition import fetch, status_of  # noqa: E402
from processes import Process, free_ports, wait_until  # noqa: E402
from prometheus_server import Prometheus, TextRelay  # noqa: E402

NODES = 3
SEED = 7
# Tests that take something away from the cluster come last, and of those the
# one that takes most.
LAST_MODULES = ("test_sources",)


def pytest_collection_modifyitems(items):
    """Moves the disturbing modules to the end; the order is otherwise the files'."""
    items.sort(key=lambda item: item.module.__name__ in LAST_MODULES)


def binary(name: str) -> pathlib.Path:
    """Returns one of the project's binaries; without it there is nothing to test."""
    directory = os.environ.get("VIRTLENS_BIN_DIR") or HERE.parents[1] / "build/release/bin"
    path = pathlib.Path(directory) / name
    if not path.is_file():
        pytest.exit(f"no {path}: run `make build`, or set VIRTLENS_BIN_DIR", returncode=2)
    return path


class Exporter:
    """One virtlens-exporter and its two ports."""

    def __init__(self, plane: ControlPlane, directory: pathlib.Path, *flags):
        port, telemetry_port = free_ports(2)
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/metrics"
        self.telemetry_url = f"http://127.0.0.1:{telemetry_port}/metrics"
        self.process = Process("virtlens-exporter", [
            binary("virtlens-exporter"), "--kubeconfig", plane.kubeconfig, "--cluster", "e2e",
            "--listen", f"127.0.0.1:{port}", "--telemetry-listen", f"127.0.0.1:{telemetry_port}",
            *flags], directory)

    def ready(self) -> bool:
        """Tells whether every source is synced or known to be absent."""
        return status_of(f"{self.root}/readyz") == 200

    def scrape(self, **options):
        """Fetches /metrics and checks that no label set appears twice."""
        return fetch(self.url, **options)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows what the programs under test had to say when a test fails."""
    report = (yield).get_result()
    if report.failed:
        for name in ("exporter", "actor"):
            running = item.funcargs.get(name)
            if running is not None:
                process = getattr(running, "process", running)
                report.sections.append((f"last lines of {process.log}", process.tail()))


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    """The real control plane; not worth starting when there is nothing to test on it."""
    binary("virtlens")
    binary("virtlens-exporter")
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def kube(plane):
    """An administrator's client of the API server."""
    return plane.kube


def virt_handler_addresses(plane: ControlPlane) -> list:
    """Where virt-api and scrapers find the virt-handlers that the actor announced."""
    pods = plane.kube.list("Pod", "kubevirt", labels="kubevirt.io=virt-handler")
    return [pod["status"]["podIP"] for pod in pods if pod["status"].get("podIP")]


@pytest.fixture(scope="session")
def actor(plane, tmp_path_factory):
    """Who plays the nodes; returns when they are there."""
    process = Process("virtlens-actor", [
        binary("virtlens"), "actor", "--kubeconfig", plane.node_kubeconfig, "--role", "node",
        "--nodes", NODES, "--seed", SEED, "--speed", "10",
        "--listen", f"127.0.0.1:{free_ports(1)[0]}", "--handler-address", "127.0.0.1",
        "--tls-cert", plane.virt_handler_pair.cert, "--tls-key", plane.virt_handler_pair.key,
        "--tls-client-ca", plane.kubevirt_ca.cert, "--vmstats", "GET"],
        tmp_path_factory.mktemp("actor"))
    process.start()
    try:
        process.wait_ready(f"{NODES} nodes", lambda: len(plane.kube.list("Node")) >= NODES)
        process.wait_ready("virt-handlers", lambda: len(virt_handler_addresses(plane)) >= NODES)
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def running_exporter(plane: ControlPlane, directory: pathlib.Path, *flags):
    """An exporter that is ready; stopped in the end."""
    running = Exporter(plane, directory, *flags)
    running.process.start()
    try:
        running.process.wait_ready("ready exporter", running.ready)
        yield running
    finally:
        running.process.stop()


@pytest.fixture(scope="session")
def exporter(plane, actor, tmp_path_factory):
    """The exporter, ready."""
    with running_exporter(plane, tmp_path_factory.mktemp("exporter")) as running:
        yield running


@pytest.fixture(scope="session")
def prometheus(plane, exporter, tmp_path_factory):
    """A Prometheus that scrapes the exporter in both formats, and virt-controller."""
    port, relay_port = free_ports(2)
    relay = TextRelay(relay_port, exporter.url)
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), port, {
        "exporter": exporter.url,
        "exporter-text": f"http://127.0.0.1:{relay_port}/metrics",
        "virt-controller": plane.virt_controller_metrics,
    })
    try:
        server.start()
        wait_until("first scrapes", lambda: len(server.query("up == 1")) == 3)
        yield server
    finally:
        server.stop()
        relay.stop()


@pytest.fixture
def project(kube, exporter, request):
    """A project of the test's own, in the workspace "research"."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:50].strip("-")
    return Project(kube, name, "research")


@pytest.fixture(autouse=True)
def every_vm_agrees_with_virt_controller(request):
    """After each test the exporter and virt-controller must tell the same of every VM of the run."""
    yield
    if "prometheus" in request.fixturenames:
        wait_agreement(request.getfixturevalue("plane"), request.getfixturevalue("exporter"))
