"""The users' custom resources: one name from the user's VM to the instance, and CRDs that come and go."""

import pytest

from processes import wait_until
from test_lifecycle import value_one, vm
from user_kinds import user_kinds

KUBESPHERE = "virtualization.kubesphere.io"


@pytest.fixture(scope="module")
def kinds(kube, exporter):
    """All user kinds, installed while the exporter runs, and read by it."""
    installed = user_kinds(kube)
    for kind in installed.values():
        kind.install()
    wait_until("all kinds read", lambda: not [
        kind.resource for kind in installed.values()
        if not exporter.scrape().find("virt_source_up", resource=kind.resource, reason="ok")])
    yield installed
    for kind in installed.values():
        kind.uninstall()


@pytest.fixture
def project(project):
    """VMs that go by a user's name end with their test: virt-controller knows them by another name."""
    yield project
    for one in project.kube.list("VirtualMachine", project.name):
        project.delete_vm(one["metadata"]["name"])


def adopt(project, name, owner=None, labels=None):
    """Makes a VM the child of a user's object."""
    metadata = {"labels": labels or {}}
    if owner:
        metadata["ownerReferences"] = [owner]
    project.kube.patch("VirtualMachine", name, {"metadata": metadata}, project.name)


def names_of(scrape, project, family, **labels):
    """Returns the vm_names under which a family stands in a project."""
    return {one.labels["vm_name"] for one in scrape.find(family, project=project.name, **labels)}


def test_one_name_from_the_users_vm_to_the_instance(project, kinds, exporter, prometheus):
    user_vm = kinds[KUBESPHERE, "VirtualMachine"]
    made = user_vm.create(project.name, "web", {"powerState": "Running", "disks": [{}], "nets": [{}]},
                          {"phase": "Running", "powerState": "Running"})
    project.create_running_vm("web-kv")
    adopt(project, "web-kv", user_vm.owner_of(made))
    kinds[KUBESPHERE, "VMSnapshot"].create(
        project.name, "nightly", {"sourceRef": {"name": "web"}}, {"phase": "Succeeded", "readyToUse": True})
    for family in ("virt_vm_info", "virt_vm_phase", "virt_cr_info", "virt_cr_phase"):
        wait_until(f"{family} of web", lambda family=family: names_of(exporter.scrape(), project, family) == {"web"})
    scrape = exporter.scrape()
    assert names_of(scrape, project, "virt_cr_ready", kind="VMSnapshot") == {"web"}
    states = {one.labels["side"]: one.labels["state"] for one in scrape.find(
        "virt_cr_power_state", project=project.name, vm_name="web")}
    assert states == {"wanted": "Running", "actual": "Running"}
    prometheus.wait_for(f'virt_cr_phase{vm(project, "web", kind="VirtualMachine", job="exporter")}', value_one)


def test_wukong_and_machine_give_their_names(project, kinds, exporter, prometheus):
    wukong = kinds["vm.novasphere.dev", "Wukong"]
    made = wukong.create(project.name, "db", {"disks": [{"size": "80Gi"}], "networks": [{}]},
                         {"phase": "Creating", "vmName": "db-vm", "volumes": [{"bound": False}]})
    kinds["vitistack.io", "Machine"].create(project.name, "node-7", {"template": "medium"}, {"phase": "Pending"})
    project.create_vm("db-vm", run_strategy="Halted")
    project.create_vm("node-7-x", run_strategy="Halted")
    adopt(project, "db-vm", wukong.owner_of(made))
    adopt(project, "node-7-x", labels={"vitistack.io/source-machine": "node-7"})
    wait_until("names of both", lambda: names_of(exporter.scrape(), project, "virt_vm_info") == {"db", "node-7"})
    scrape = exporter.scrape()
    assert names_of(scrape, project, "virt_cr_info") == {"db", "node-7"}
    assert [one.value for one in scrape.find("virt_cr_disks", project=project.name, state="bound")] == [0]
    wukong.report(project.name, "db", {"phase": "Running", "volumes": [{"bound": True}]})
    prometheus.wait_for(f'virt_cr_phase{vm(project, "db", phase="Running", job="exporter")}', value_one)
    prometheus.wait_none(f'virt_cr_phase{vm(project, "db", phase="Creating", job="exporter")}')


def test_snapshots_carry_the_name_of_their_vm(project, kinds, exporter, prometheus):
    project.create_vm("web", run_strategy="Halted")
    project.kube.create({
        "apiVersion": "snapshot.kubevirt.io/v1beta1", "kind": "VirtualMachineSnapshot",
        "metadata": {"name": "before", "namespace": project.name},
        "spec": {"source": {"apiGroup": "kubevirt.io", "kind": "VirtualMachine", "name": "web"}}})
    prometheus.wait_for(f'virt_snapshot_info{vm(project, "web", snapshot="before", job="exporter")}', value_one)
    assert names_of(exporter.scrape(), project, "virt_snapshot_ready") == {"web"}


def test_a_kind_goes_and_comes_with_its_definition(project, kinds, exporter, prometheus):
    template = kinds[KUBESPHERE, "VMTemplate"]
    template.create(project.name, "fedora", status={"phase": "Ready"})
    project.create_running_vm("web")
    of_template = f'virt_cr_info{vm(project, "", kind="VMTemplate", job="exporter")}'
    prometheus.wait_for(of_template, value_one)
    template.uninstall()
    prometheus.wait_for(f'virt_source_up{{job="exporter",resource="{template.resource}",reason="crd_absent"}} == 0')
    prometheus.wait_none(of_template)
    assert exporter.ready()
    template.install()
    prometheus.wait_for(f'virt_source_up{{job="exporter",resource="{template.resource}",reason="ok"}} == 1')
    template.create(project.name, "fedora")
    prometheus.wait_for(of_template, value_one)
    gaps = f'count_over_time(virt_vm_info{vm(project, "web", job="exporter")}[10s]) < 9'
    prometheus.wait_none(gaps)
