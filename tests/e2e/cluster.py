"""What a user does to a cluster: VMs, volumes and migrations through the real API."""

import json

from installation import STORAGE_CLASS
from kube_client import KubeClient

WORKSPACE_LABEL = "kubesphere.io/workspace"
BEHAVIOR = "sim.virtlens.io/behavior"
MIGRATION_END = ("Succeeded", "Failed")


class Project:
    """One namespace of one workspace, and what its users do in it."""

    def __init__(self, kube: KubeClient, name: str, workspace: str | None):
        self.kube = kube
        self.name = name
        labels = {WORKSPACE_LABEL: workspace} if workspace is not None else {}
        kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def move_to_workspace(self, workspace: str) -> None:
        """Relabels the Namespace."""
        self.kube.patch("Namespace", self.name, {"metadata": {"labels": {WORKSPACE_LABEL: workspace}}})

    def create_vm(self, name: str, behavior: str | None = None, run_strategy: str = "Always",
                  instance_type: str | None = None, disk_size: str | None = None) -> dict:
        """Creates a VM with as little as a user may write; the webhooks fill in the rest."""
        annotations = {BEHAVIOR: behavior} if behavior else {}
        spec = {"runStrategy": run_strategy,
                "template": {"metadata": {"annotations": annotations}, "spec": _instance_spec(instance_type)}}
        if instance_type:
            spec["instancetype"] = {"kind": "VirtualMachineClusterInstancetype", "name": instance_type}
        if disk_size:
            volume = f"{name}-root"
            spec["dataVolumeTemplates"] = [{"metadata": {"name": volume, "annotations": annotations},
                                            "spec": _volume_spec(disk_size)}]
            spec["template"]["spec"]["volumes"] = [{"name": "root", "dataVolume": {"name": volume}}]
        metadata = {"name": name, "namespace": self.name, "annotations": annotations}
        return self.kube.create({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
                                 "metadata": metadata, "spec": spec})

    def create_orphan_instance(self, name: str) -> None:
        """Creates an instance that belongs to no VM."""
        self.kube.create({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance",
                          "metadata": {"name": name, "namespace": self.name}, "spec": _instance_spec(None)})

    def create_running_vm(self, name: str, **options) -> dict:
        """Creates a VM and waits until KubeVirt says that it runs."""
        self.create_vm(name, **options)
        return self.wait_status(name, "Running")

    def wait_status(self, name: str, status: str, timeout: float = 60.0) -> dict:
        """Waits for a printableStatus."""
        return self.kube.wait("VirtualMachine", name, self.name, status,
                              lambda vm: vm.get("status", {}).get("printableStatus") == status, timeout)

    def instance(self, name: str) -> dict:
        """Returns the running instance of a VM."""
        return self.kube.get("VirtualMachineInstance", name, self.name)

    def wait_live_migratable(self, name: str) -> None:
        """Waits until virt-handler has said that the instance can migrate."""
        self.kube.wait("VirtualMachineInstance", name, self.name, "LiveMigratable",
                       lambda vmi: _has_true(vmi, "LiveMigratable"))

    def act(self, name: str, action: str) -> None:
        """Starts or stops a VM through subresources.kubevirt.io, as virtctl does."""
        self._subresource("virtualmachines", name, action)

    def act_on_instance(self, name: str, action: str) -> None:
        """Pauses or unpauses an instance through subresources.kubevirt.io."""
        self._subresource("virtualmachineinstances", name, action)

    def start_migration(self, migration: str, vm: str, behavior: str | None = None) -> None:
        """Asks for a live migration."""
        annotations = {BEHAVIOR: behavior} if behavior else {}
        metadata = {"name": migration, "namespace": self.name, "annotations": annotations}
        self.kube.create({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstanceMigration",
                          "metadata": metadata, "spec": {"vmiName": vm}})

    def wait_migration_end(self, migration: str, timeout: float = 60.0) -> dict:
        """Waits until a migration has succeeded or failed, and returns its status."""
        ended = self.kube.wait("VirtualMachineInstanceMigration", migration, self.name, "ended",
                               lambda one: one.get("status", {}).get("phase") in MIGRATION_END, timeout)
        return ended["status"]

    def create_data_volume(self, name: str, behavior: str | None = None, size: str = "1Gi") -> None:
        """Creates a DataVolume that belongs to no VM."""
        annotations = {BEHAVIOR: behavior} if behavior else {}
        metadata = {"name": name, "namespace": self.name, "annotations": annotations}
        self.kube.create({"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume",
                          "metadata": metadata, "spec": _volume_spec(size)})

    def delete_vm(self, name: str) -> None:
        """Deletes a VM and waits until the API server has forgotten it."""
        self.kube.delete("VirtualMachine", name, self.name)
        self.kube.wait_gone("VirtualMachine", name, self.name, 60.0)

    def _subresource(self, resource: str, name: str, action: str) -> None:
        path = f"/apis/subresources.kubevirt.io/v1/namespaces/{self.name}/{resource}/{name}/{action}"
        self.kube.request("PUT", path, {})


def create_instance_type(kube: KubeClient, name: str) -> None:
    """Creates an instance type; virt-controller's metrics name only those of this vendor."""
    labels = {"instancetype.kubevirt.io/vendor": "kubevirt.io"}
    kube.create({"apiVersion": "instancetype.kubevirt.io/v1beta1", "kind": "VirtualMachineClusterInstancetype",
                 "metadata": {"name": name, "labels": labels},
                 "spec": {"cpu": {"guest": 2}, "memory": {"guest": "512Mi"}}})


def _instance_spec(instance_type: str | None) -> dict:
    """An instance type brings its own memory and refuses another."""
    domain = {"devices": {"disks": [{"name": "root", "disk": {"bus": "virtio"}}],
                          "interfaces": [{"name": "default", "masquerade": {}}]}}
    if not instance_type:
        domain["memory"] = {"guest": "256Mi"}
    return {"domain": domain, "networks": [{"name": "default", "pod": {}}],
            "volumes": [{"name": "root", "containerDisk": {"image": "quay.io/containerdisks/debian:12"}}]}


def _volume_spec(size: str) -> dict:
    return {"source": {"http": {"url": "https://images.invalid/debian-12.qcow2"}},
            "pvc": {"accessModes": ["ReadWriteOnce"], "storageClassName": STORAGE_CLASS,
                    "resources": {"requests": {"storage": size}}}}


def _has_true(obj: dict, kind: str) -> bool:
    conditions = obj.get("status", {}).get("conditions", [])
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def manifest_without_status(obj: dict) -> dict:
    """Returns an object as its author wrote it, to create it again."""
    copy = json.loads(json.dumps(obj))
    copy.pop("status", None)
    copy["metadata"] = {key: value for key, value in copy["metadata"].items()
                        if key in ("name", "labels", "annotations")}
    return copy
