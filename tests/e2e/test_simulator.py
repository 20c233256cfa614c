"""The API server in memory, as clients that are not ours see it."""

import contextlib
import pathlib
import re

from conftest import binary
from control_plane import built_binaries
from exposition import fetch
from processes import NotReady, Process, free_ports, wait_until

CONFIG = pathlib.Path(__file__).resolve().parent / "testdata/kube_state_metrics.yaml"
VMS = 20


def test_kube_state_metrics_reads_what_we_read(tmp_path):
    """Both readers of one simulated cluster agree on its VMs, nodes and claims."""
    kubeconfig = tmp_path / "kubeconfig"
    simulator = Process("simulator", [
        binary("virtlens"), "apiserver", "--vms", str(VMS), "--kubeconfig-out", kubeconfig], tmp_path)
    with running(simulator):
        wait_until("kubeconfig", lambda: kubeconfig.is_file() and kubeconfig.stat().st_size)
        port, telemetry, ours, ours_telemetry = free_ports(4)
        peer = Process("kube-state-metrics", [
            built_binaries()["kube-state-metrics"] / "kube-state-metrics", "--kubeconfig", kubeconfig,
            "--host", "127.0.0.1", "--telemetry-host", "127.0.0.1", "--port", str(port),
            "--telemetry-port", str(telemetry), "--resources", "nodes,persistentvolumeclaims",
            "--custom-resource-state-config-file", CONFIG], tmp_path)
        exporter = Process("exporter", [
            binary("virtlens-exporter"), "--kubeconfig", kubeconfig, "--cluster", "sim",
            "--listen", f"127.0.0.1:{ours}", "--telemetry-listen", f"127.0.0.1:{ours_telemetry}"], tmp_path)
        with running(peer), running(exporter):
            def same():
                """Tells whether both name the same objects; the cluster lives meanwhile."""
                theirs = fetch(f"http://127.0.0.1:{port}/metrics")
                mine = fetch(f"http://127.0.0.1:{ours}/metrics")
                for what, left, right in (
                        ("VMs", names(theirs, "kube_customresource_vm_ready", "namespace", "name"),
                         names(mine, "virt_vm_info", "project", "vm", kind="VirtualMachine")),
                        ("nodes", names(theirs, "kube_node_info", "node"),
                         names(mine, "virt_node_ready", "node")),
                        ("claims", names(theirs, "kube_persistentvolumeclaim_info", "namespace",
                                         "persistentvolumeclaim"),
                         names(mine, "virt_persistentvolumeclaim_info", "project", "persistentvolumeclaim"))):
                    if left != right or not left:
                        raise NotReady(f"{what}: {len(left)} and {len(right)}, {left ^ right}")
                return len(mine.find("virt_vm_info", kind="VirtualMachine")) == VMS

            wait_until("agreement with kube-state-metrics", same, timeout=90)
    assert not re.search(r"^E\d{4} ", peer.log.read_text(), re.MULTILINE), peer.log.read_text()


@contextlib.contextmanager
def running(process):
    """Starts a process, and stops it in the end."""
    process.start()
    try:
        yield process
    finally:
        process.stop()


def names(scrape, family, *labels, **wanted):
    """Returns the values of some labels in the samples of a family."""
    return {tuple(one.labels[label] for label in labels) for one in scrape.find(family, **wanted)}
