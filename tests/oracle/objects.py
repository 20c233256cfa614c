"""What the oracle reads of each object.

Closed sets hold what history_world.cc writes; the rest is "other".
"""

from datetime import datetime
from fractions import Fraction

from usage import SECOND

GI = 1 << 30
VM, VMI = "VirtualMachine", "VirtualMachineInstance"
MIGRATION, CLAIM, VOLUME = "VirtualMachineInstanceMigration", "PersistentVolumeClaim", "DataVolume"
NODE, NAMESPACE, WUKONG, DISK = "Node", "Namespace", "Wukong", "VirtualDisk"
POD, QUOTA, SNAPSHOT = "Pod", "ResourceQuota", "VolumeSnapshot"
VOLUME_PHASES = {"Pending", "ImportInProgress", "Succeeded"}
CONDITIONS = {"Ready", "Running", "AgentConnected", "Paused", "LiveMigratable", "RestartRequired", "Failure",
              "VolumesBound", "Bound"}
REASONS = {"", "PodNotExists", "PodTerminating", "GuestNotRunning", "PausedByUser",
           "PausedIOError", "DisksNotLiveMigratable"}


_instants = {}


def instant(text):
    if not text:
        return 0
    if text not in _instants:
        _instants[text] = round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * SECOND
    return _instants[text]


def size(text):
    return int(text[:-2]) * GI if text else 0


def known(word, words):
    return word if word in words else "other"


class Condition:
    def __init__(self, one):
        self.type, self.status = known(one["type"], CONDITIONS), one["status"]
        self.reason = known(one.get("reason", ""), REASONS)
        self.since = instant(one.get("lastTransitionTime"))


def conditions_of(status):
    """By type, the first of each."""
    found = {}
    for one in map(Condition, status.get("conditions") or []):
        found.setdefault(one.type, one)
    return found


def owner_of(obj, group, kind):
    for owner in obj["metadata"].get("ownerReferences", []):
        if owner["kind"] == kind and owner["apiVersion"].split("/")[0] == group:
            return owner["name"]
    return ""


class Vm:
    def __init__(self, obj):
        spec, status, meta = obj["spec"], obj.get("status", {}), obj["metadata"]
        template = spec["template"]["spec"]
        self.uid, self.created = meta["uid"], instant(meta["creationTimestamp"])
        self.deleted = instant(meta.get("deletionTimestamp"))
        self.claimed = owner_of(obj, "vm.novasphere.dev", "Wukong")
        self.strategy = spec["runStrategy"]
        self.status = status.get("printableStatus", "")
        self.start_failures = status.get("startFailure", {}).get("consecutiveFailCount", 0)
        self.requests = [r["action"] for r in status.get("stateChangeRequests", [])]
        self.cores = template["domain"]["cpu"]["cores"]
        self.memory = size(template["domain"]["memory"]["guest"])
        self.conditions = conditions_of(status)
        # Also of a type that is there twice: a status began at the newest time, at the latest.
        self.newest = max([self.created] + [instant(c.get("lastTransitionTime"))
                                            for c in status.get("conditions") or []])
        self.tier = meta.get("labels", {}).get("tier", "")
        self.display_name = meta.get("annotations", {}).get("kubesphere.io/alias-name", "")
        self.disks = [(v["name"], v["persistentVolumeClaim"]["claimName"])
                      for v in template["volumes"]]


class Vmi:
    def __init__(self, obj):
        status, meta, domain = obj["status"], obj["metadata"], obj["spec"]["domain"]
        self.uid, self.created = meta["uid"], instant(meta["creationTimestamp"])
        self.deleted = instant(meta.get("deletionTimestamp"))
        self.phase = status.get("phase", "")
        self.transitions = [(t["phase"], instant(t["phaseTransitionTimestamp"]))
                            for t in status.get("phaseTransitionTimestamps") or []]
        self.entered = dict(reversed(self.transitions))  # the first of each
        self.node = status.get("nodeName", "")
        self.node_lost = status.get("reason") == "NodeUnresponsive"
        self.conditions = conditions_of(status)
        ready = self.conditions.get("Ready")
        self.pod_lost = ready is not None and ready.reason in ("PodNotExists", "PodTerminating")
        moving = status.get("migrationState") or {}
        self.migrating = bool(moving.get("startTimestamp")) and not (
            moving.get("completed") or moving.get("failed") or moving.get("endTimestamp"))
        guest = status.get("guestOSInfo") or {}
        self.guest = [guest.get(key, "") for key in ("id", "name", "version", "kernelRelease")]
        self.cores, self.memory = domain["cpu"]["cores"], size(domain["memory"]["guest"])
        self.cores_now = status.get("currentCPUTopology", {}).get("cores", 0)
        self.memory_now = size(status.get("memory", {}).get("guestCurrent"))
        self.cores_held = self.cores_now or self.cores
        self.memory_held = self.memory_now or self.memory


# What KubeVirt writes, and what we make of it.
FAILURES = {
    "Live migration is not progressing: stuck for 150 seconds": "no_progress",
    "Live migration exceeded timeout: not completed after 300 seconds": "timeout",
    "target pod is down": "target_pod",
    "lost connection to the remote libvirt": "connection",
    "source node reported migration failed": "source",
    "the VMI is not running any more": "vm_gone",
    "": "other",
    "a word that nobody knows": "other",
}


class Migration:
    def __init__(self, obj):
        status = obj.get("status", {})
        state = status.get("migrationState", {})
        self.vm = obj["spec"]["vmiName"]
        self.uid, self.created = obj["metadata"]["uid"], instant(obj["metadata"]["creationTimestamp"])
        self.phase = status.get("phase") or "Pending"
        self.start = instant(state.get("startTimestamp"))
        self.nodes = state.get("sourceNode", ""), state.get("targetNode", "")
        asked, refused = ("migrationAbortRequested", "migrationRejectedByResourceQuota")
        conditions = {c["type"] for c in status.get("conditions", []) if c["status"] == "True"}
        self.blocked = refused in conditions
        self.outcome = None
        if self.phase == "Succeeded":
            self.outcome = "succeeded", ""
        elif self.phase == "Failed":
            aborted = state.get("abortStatus") == "Succeeded" or (
                asked in conditions and not self.start)
            text = state.get("failureReason", "")
            self.outcome = ("aborted", "") if aborted else (
                "failed", "quota" if self.blocked else FAILURES.get(text, "other"))
        last = max([instant(t["phaseTransitionTimestamp"])
                    for t in status.get("phaseTransitionTimestamps", [])], default=0)
        self.end = (instant(state.get("endTimestamp")) or last) if self.outcome else 0


class Claim:
    def __init__(self, obj):
        self.owner_vm = owner_of(obj, "kubevirt.io", VM)
        self.owner_volume = owner_of(obj, "cdi.kubevirt.io", VOLUME)
        self.phase = obj["status"]["phase"]
        self.requested = size(obj["spec"]["resources"]["requests"]["storage"])
        self.capacity = size(obj["status"].get("capacity", {}).get("storage"))
        self.bytes = self.capacity or self.requested


class Volume:
    def __init__(self, obj):
        self.owner_vm = owner_of(obj, "kubevirt.io", VM)
        self.uid = obj["metadata"]["uid"]
        status = obj.get("status", {})
        self.phase = known(status.get("phase", "Pending"), VOLUME_PHASES)
        self.restarts = status.get("restartCount", 0)
        progress = status.get("progress", "N/A")
        self.progress = None if progress == "N/A" else Fraction(progress.rstrip("%")) / 100
        self.conditions = conditions_of(status)
        self.newest = max([instant(obj["metadata"]["creationTimestamp"])] +
                          [one.since for one in self.conditions.values()])


class Namespace:
    def __init__(self, obj):
        labels = obj["metadata"].get("labels", {})
        self.workspace, self.site = labels.get("kubesphere.io/workspace", ""), labels.get("site", "")


class Node:
    def __init__(self, obj):
        notes = obj["metadata"].get("annotations", {})
        self.heartbeat = instant(notes.get("kubevirt.io/heartbeat"))


class Custom:
    """A Wukong, or a VirtualDisk of KubeSphere."""

    def __init__(self, obj):
        status, meta = obj.get("status", {}), obj["metadata"]
        self.group, _, self.version = obj["apiVersion"].partition("/")
        self.created = instant(meta["creationTimestamp"])
        phases = {"", "Pending", "Failed", "Running" if obj["kind"] == WUKONG else "Bound"}
        self.phase = known(status.get("phase", ""), phases)
        self.conditions = {known(c["type"], CONDITIONS): c["status"]
                           for c in reversed(status.get("conditions", []))}
        self.vm_name = status.get("vmName", "")
        self.claim = status.get("claimName", "")


def cores(text):
    """Millicores of "250m" or "2"."""
    return int(text[:-1]) if text.endswith("m") else int(text or 0) * 1000


class Pod:
    def __init__(self, obj):
        spec, meta = obj["spec"], obj["metadata"]
        self.uid, self.node = meta["uid"], spec.get("nodeName", "")
        self.instance = owner_of(obj, "kubevirt.io", VMI)
        phase = obj.get("status", {}).get("phase", "")
        self.phase = known(phase, {"", "Pending", "Running", "Succeeded", "Failed"})
        self.ended = phase in ("Succeeded", "Failed")
        resources = spec["containers"][0]["resources"]
        requests, limits = resources["requests"], resources.get("limits", {})
        self.cpu, self.memory = cores(requests["cpu"]), size(requests.get("memory"))
        self.memory_limit = size(limits.get("memory"))


class Quota:
    def __init__(self, obj):
        status = obj.get("status", {})
        self.hard, self.used = ({name: size(text) if text.endswith("Gi") else int(text)
                                 for name, text in status.get(which, {}).items()}
                                for which in ("hard", "used"))


class Snapshot:
    """A VolumeSnapshot."""

    def __init__(self, obj):
        status, meta = obj.get("status", {}), obj["metadata"]
        self.vm = meta.get("labels", {}).get("snapshot.kubevirt.io/source-vm-name", "")
        self.claim = obj["spec"]["source"].get("persistentVolumeClaimName", "")
        self.of_vm = any(owner["kind"] == "VirtualMachineSnapshotContent"
                         for owner in meta.get("ownerReferences", []))
        self.ready = status.get("readyToUse", False)
        self.bytes = size(status.get("restoreSize"))


READERS = {POD: Pod, QUOTA: Quota, SNAPSHOT: Snapshot, NAMESPACE: Namespace, NODE: Node, VM: Vm, VMI: Vmi, MIGRATION: Migration, CLAIM: Claim,
           VOLUME: Volume, WUKONG: Custom, DISK: Custom}
