"""Why is there no data: a CRD that goes and comes, an API server that dies."""

import pytest

from cluster import manifest_without_status
from kube_client import ApiError
from processes import wait_until
from test_lifecycle import value_one, vm

CRD = "datavolumes.cdi.kubevirt.io"
# The kinds of platforms that are not installed are absent for good.
DOWN = 'virt_source_up{job="exporter",reason!="crd_absent"} != 1'
DATA_VOLUMES = 'virt_source_up{job="exporter",resource=~"datavolumes.*"'


@pytest.fixture
def running_vm(project):
    """A project with a running VM."""
    project.create_running_vm("web")
    return project


def test_every_source_is_up(exporter, prometheus):
    prometheus.wait_for('virt_source_up{job="exporter"}')
    prometheus.wait_none(DOWN)
    reasons = {labels["resource"]: labels["reason"] for labels, _ in prometheus.query('virt_source_up{job="exporter"}')}
    for resource in ("nodes", "virtualmachines.kubevirt.io", "virtualmachinesnapshots.snapshot.kubevirt.io", CRD):
        assert reasons[resource] == "ok"
    assert set(reasons.values()) <= {"ok", "crd_absent"}


def test_api_server_killed_and_restarted(running_vm, plane, exporter, prometheus):
    selector = vm(running_vm, "web", status="Running", job="exporter")
    prometheus.wait_for(f"virt_vm_status{selector}", value_one)
    plane.kill_api_server()
    prometheus.wait_for('virt_source_up{job="exporter",reason=~"stale|unreachable"} == 0')
    last = exporter.scrape()
    assert last.find("virt_vm_status", project=running_vm.name, vm_name="web", status="Running")
    assert exporter.process.running()
    plane.restart_api_server()
    prometheus.wait_none(DOWN, 60.0)
    running_vm.create_vm("after", run_strategy="Halted")
    prometheus.wait_for(f'virt_vm_status{vm(running_vm, "after", status="Stopped", job="exporter")}', value_one)


def test_removed_crd_reads_absent_and_returns_without_restart(running_vm, kube, exporter, prometheus):
    running_vm.create_data_volume("image")
    of_image = f'virt_datavolume_info{{project="{running_vm.name}",datavolume="image",job="exporter"}}'
    prometheus.wait_for(of_image)
    crd = manifest_without_status(kube.get("CustomResourceDefinition", CRD))
    kube.delete("CustomResourceDefinition", CRD)
    prometheus.wait_for(DATA_VOLUMES + ',reason="crd_absent"} == 0', timeout=60.0)
    prometheus.wait_none(of_image)
    assert exporter.ready()
    kube.wait_gone("CustomResourceDefinition", CRD, None)
    kube.create({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **crd})
    prometheus.wait_for(DATA_VOLUMES + ',reason="ok"} == 1', timeout=60.0)
    wait_until("DataVolume created anew", lambda: created_again(running_vm))
    prometheus.wait_for(of_image)
    gaps = f'count_over_time(virt_vm_info{vm(running_vm, "web", job="exporter")}[10s]) < 9'
    prometheus.wait_none(gaps)


def created_again(project):
    """The collection answers 404 for a moment after its CRD is established."""
    try:
        project.create_data_volume("image")
        return True
    except ApiError as error:
        if error.code == 404:
            return False
        raise
