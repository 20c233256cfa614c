"""A VM is snapshotted, restored and cloned by KubeVirt's own controllers, and each step is told."""

from processes import wait_until
from user_kinds import UserKind

VM = {"apiGroup": "kubevirt.io", "kind": "VirtualMachine"}


def wait_value(exporter, family, value, **labels):
    """Waits until a family has one series with these labels, of this value."""
    wait_until(f"{family} {value}", lambda: [one.value for one in exporter.scrape().find(
        family, **labels)] == [value], timeout=60)


def test_a_vm_is_snapshotted_and_restored(project, exporter, kube):
    project.create_vm("web", run_strategy="Halted")
    project.wait_status("web", "Stopped")
    of_vm = {"project": project.name, "vm_name": "web"}
    snapshots = UserKind(kube, "snapshot.kubevirt.io", "v1beta1", "virtualmachinesnapshots", "VirtualMachineSnapshot")
    snapshots.create(project.name, "before", {"source": {**VM, "name": "web"}})
    wait_value(exporter, "virt_snapshot_ready", 1, snapshot="before", **of_vm)
    wait_value(exporter, "virt_snapshot_phase", 1, snapshot="before", phase="Succeeded", **of_vm)
    wait_value(exporter, "virt_project_snapshots", 1, project=project.name)
    restores = UserKind(kube, "snapshot.kubevirt.io", "v1beta1", "virtualmachinerestores", "VirtualMachineRestore")
    restores.create(project.name, "undo", {"target": {**VM, "name": "web"}, "virtualMachineSnapshotName": "before"})
    wait_value(exporter, "virt_restore_complete", 1, restore="undo", **of_vm)
    wait_value(exporter, "virt_restore_error", 0, restore="undo", **of_vm)
    [finished] = exporter.scrape().find("virt_restore_finished_timestamp_seconds", restore="undo", **of_vm)
    [taken] = exporter.scrape().find("virt_snapshot_finished_timestamp_seconds", snapshot="before", **of_vm)
    assert taken.value <= finished.value


def test_a_vm_is_cloned(project, exporter, kube):
    project.create_vm("web", run_strategy="Halted")
    project.wait_status("web", "Stopped")
    clones = UserKind(kube, "clone.kubevirt.io", "v1beta1", "virtualmachineclones", "VirtualMachineClone")
    clones.create(project.name, "copy", {"source": {**VM, "name": "web"}, "target": {**VM, "name": "web-2"}})
    wait_value(exporter, "virt_clone_phase", 1, project=project.name, vm_name="web", phase="Succeeded")
    [info] = exporter.scrape().find("virt_clone_info", project=project.name, vm_name="web")
    assert info.labels["target"] == "web-2"
    wait_value(exporter, "virt_vm_status", 1, project=project.name, vm_name="web-2")
