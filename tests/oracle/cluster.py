"""A cluster's objects and the series that they mean: vm_name, project sums, states.

A second, simple implementation: everything is computed anew for every page.
"""

from datetime import datetime

from usage import ERROR_STATES, SECOND, Usage, desired, no_usage

GI = 1 << 30
GROUPS = {"Running": "running", "Paused": "paused", "Migrating": "migrating",
          "Starting": "starting", "Provisioning": "starting",
          "WaitingForVolumeBinding": "starting", "WaitingForReceiver": "starting",
          "Stopping": "stopping", "Terminating": "stopping", "Stopped": "stopped",
          **dict.fromkeys(ERROR_STATES, "error")}
INSTANCE_GROUPS = {"Running": "running", "Pending": "starting", "Scheduling": "starting",
                   "Scheduled": "starting", "WaitingForSync": "starting", "Succeeded": "stopped",
                   "Failed": "error"}
ALL_GROUPS = ("running", "paused", "migrating", "starting", "stopping", "stopped", "error",
              "unknown")
VM, VMI = "VirtualMachine", "VirtualMachineInstance"
MIGRATION, CLAIM, VOLUME = "VirtualMachineInstanceMigration", "PersistentVolumeClaim", "DataVolume"


_instants = {}


def instant(text):
    if not text:
        return 0
    if text not in _instants:
        _instants[text] = round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * SECOND
    return _instants[text]


def size(text):
    return int(text[:-2]) * GI if text else 0


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
        ready = [c for c in status.get("conditions", []) if c["type"] == "Ready"]
        self.ready = bool(ready) and ready[0]["status"] == "True"
        self.pod_lost = bool(ready) and ready[0]["reason"] in ("PodNotExists", "PodTerminating",
                                                               "PodFailed")
        self.cores, self.memory = domain["cpu"]["cores"], size(domain["memory"]["guest"])
        self.cores_now = status.get("currentCPUTopology", {}).get("cores", 0)
        self.memory_now = size(status.get("memory", {}).get("guestCurrent"))
        self.cores_held = self.cores_now or self.cores
        self.memory_held = self.memory_now or self.memory


class Migration:
    def __init__(self, obj):
        status = obj.get("status", {})
        state = status.get("migrationState", {})
        self.vm = obj["spec"]["vmiName"]
        self.phase = status.get("phase") or "Pending"
        self.start = instant(state.get("startTimestamp"))
        self.end = instant(state.get("endTimestamp")) if self.phase in ("Succeeded", "Failed") else 0


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
        self.phase = obj["status"]["phase"]


class Namespace:
    def __init__(self, obj):
        self.workspace = obj["metadata"].get("labels", {}).get("kubesphere.io/workspace", "")


class Node:
    def __init__(self, obj):
        notes = obj["metadata"].get("annotations", {})
        self.heartbeat = instant(notes.get("kubevirt.io/heartbeat"))


READERS = {"Namespace": Namespace, "Node": Node, VM: Vm, VMI: Vmi, MIGRATION: Migration, CLAIM: Claim,
           VOLUME: Volume}


def decimal(amount, places):
    """amount / 10^places, every digit, no trailing zero."""
    whole, part = divmod(amount, 10 ** places)
    digits = f"{part:0{places}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


class Cluster:
    def __init__(self):
        self.objects = {kind: {} for kind in READERS}
        self.usage = Usage()
        self.forsaken = set()

    # ---- what happens ----

    def restart(self, now):
        self.objects = {kind: {} for kind in READERS}
        self.forsaken = set()
        self.usage.restart(now)

    def put(self, obj, now):
        meta, kind = obj["metadata"], obj["kind"]
        key = (meta.get("namespace", ""), meta["name"])
        self.objects[kind][key] = READERS[kind](obj)
        if kind == "Namespace":
            self.forsaken.discard(key[1])
        self.changed(kind, key, now)

    def delete(self, kind, key, now):
        if self.objects[kind].pop(key, None) is None:
            return
        if kind == "Namespace":
            self.forsaken.add(key[1])
        self.changed(kind, key, now)

    def list(self, kind, objects, now):
        present = {(o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in objects}
        for key in sorted(set(self.objects[kind]) - present):
            self.delete(kind, key, now)
        for obj in objects:
            self.put(obj, now)
        if kind == "Namespace":
            known = {key[1] for key in present}
            self.forsaken |= {p for p in self.usage.projects if p not in known}
            self.drop_forsaken()

    def changed(self, kind, key, now):
        if kind in (VM, VMI):
            self.usage.keep(key, self.objects[VM].get(key), self.objects[VMI].get(key), now)
        self.set_disks(now)
        self.drop_forsaken()

    def set_disks(self, now):
        sizes = self.disk_sizes()
        for key in self.usage.accounts:
            self.usage.set_disk(key, sizes.get(key, 0), now)

    def drop_forsaken(self):
        for project in list(self.forsaken):
            if not any(key[0] == project for key in self.subjects()):
                self.usage.forget_project(project)

    def set_watch(self, state, now):
        if self.usage.watch == "starting" and state != "starting":
            self.usage.watch = "leaving"  # what was listed counts as of the restart
            for key in self.subjects():
                self.usage.keep(key, self.objects[VM].get(key), self.objects[VMI].get(key), now)
            self.set_disks(now)
            self.usage.restored.clear()
        self.usage.set_watch(state, now)

    # ---- what it means ----

    def subjects(self):
        return set(self.objects[VM]) | set(self.objects[VMI])

    def names(self):
        """vm_name of every subject."""
        subjects = self.subjects()
        claims = {key: self.objects[VM][key].claimed if key in self.objects[VM] else ""
                  for key in subjects}
        names = {}
        for key in subjects:
            wanted = (key[0], claims[key])
            alone = sum(1 for k, c in claims.items() if k[0] == key[0] and c == claims[key]) == 1
            free = wanted not in subjects
            names[key] = claims[key] if claims[key] and alone and free else key[1]
        return names

    def mounted_by(self, space, claim):
        mounts = [key[1] for key, vm in self.objects[VM].items()
                  if key[0] == space and any(c == claim for _, c in vm.disks)]
        return min(mounts, default="")

    def vm_of_volume(self, key):
        return self.objects[VOLUME][key].owner_vm or self.mounted_by(*key)

    def vm_of_claim(self, key):
        claim = self.objects[CLAIM][key]
        if claim.owner_vm:
            return claim.owner_vm
        volume = (key[0], claim.owner_volume)
        if claim.owner_volume and volume in self.objects[VOLUME]:
            vm = self.vm_of_volume(volume)
            if vm:
                return vm
        return self.mounted_by(*key)

    def disk_sizes(self):
        sizes = {}
        for key, claim in self.objects[CLAIM].items():
            vm = (key[0], self.vm_of_claim(key))
            sizes[vm] = sizes.get(vm, 0) + claim.bytes
        return sizes

    def workspace(self, space):
        found = self.objects["Namespace"].get(("", space))
        return found.workspace if found else ""

    def identity(self, space, name=None):
        text = f'workspace="{self.workspace(space)}",project="{space}",cluster="c1"'
        return text if name is None else f'{text},vm_name="{name}"'

    def page(self):
        """Every line of the families of FAMILIES."""
        names = self.names()
        lines = []

        def add(family, identity, value, **labels):
            more = "".join(f',{name}="{text}"' for name, text in labels.items())
            lines.append(f"{family}{{{identity}{more}}} {value}")

        for key in names:
            self.vm_lines(key, self.identity(key[0], names[key]), add)
        for (space, name), migration in self.objects[MIGRATION].items():
            identity = self.identity(space, names.get((space, migration.vm), migration.vm))
            add("virt_migration_phase", identity, 1, migration=name, phase=migration.phase)
            for which in ("start", "end"):
                at = getattr(migration, which)
                if at:
                    add(f"virt_migration_{which}_timestamp_seconds", identity, at // SECOND,
                        migration=name)
        for key, volume in self.objects[VOLUME].items():
            vm = self.vm_of_volume(key)
            phase = "other" if volume.phase == "Novel" else volume.phase
            add("virt_datavolume_phase", self.identity(key[0], names.get((key[0], vm), vm)), 1,
                datavolume=key[1], phase=phase)
        for key, claim in self.objects[CLAIM].items():
            vm = self.vm_of_claim(key)
            identity = self.identity(key[0], names.get((key[0], vm), vm))
            add("virt_persistentvolumeclaim_phase", identity, 1, persistentvolumeclaim=key[1],
                phase=claim.phase)
            for state, amount in (("requested", claim.requested), ("capacity", claim.capacity)):
                if amount:
                    add("virt_persistentvolumeclaim_size_bytes", identity, amount,
                        persistentvolumeclaim=key[1], state=state)
        self.project_lines(add)
        return lines

    def vm_lines(self, key, identity, add):
        vm, vmi = self.objects[VM].get(key), self.objects[VMI].get(key)
        if vm:
            if vm.status:
                add("virt_vm_status", identity, 1,
                    status=vm.status if vm.status in GROUPS else "other")
            add("virt_vm_desired_running", identity, int(desired(vm, vmi)))
            add("virt_vm_start_failures", identity, vm.start_failures)
            if vm.deleted:
                add("virt_vm_deletion_timestamp_seconds", identity, vm.deleted // SECOND)
            for disk, claim in vm.disks:
                if (key[0], claim) in self.objects[CLAIM]:
                    add("virt_vm_disk_size_bytes", identity,
                        self.objects[CLAIM][key[0], claim].bytes, disk=disk,
                        persistentvolumeclaim=claim, storage_class="")
        elif vmi.deleted:
            add("virt_vm_deletion_timestamp_seconds", identity, vmi.deleted // SECOND)
        first = vm or vmi
        add("virt_vm_created_timestamp_seconds", identity, first.created // SECOND)
        add("virt_vm_cpu_cores", identity, first.cores, state="requested")
        add("virt_vm_memory_bytes", identity, first.memory, state="requested")
        add("virt_vm_ready", identity, int(vmi is not None and vmi.ready))
        if vmi:
            self.instance_lines(vmi, identity, add)
        self.usage_lines(self.usage.accounts.get(key), vm, identity, add)

    @staticmethod
    def instance_lines(vmi, identity, add):
        if vmi.cores_now:
            add("virt_vm_cpu_cores", identity, vmi.cores_now, state="current")
        if vmi.memory_now:
            add("virt_vm_memory_bytes", identity, vmi.memory_now, state="current")
        if vmi.node:
            add("virt_vm_node_info", identity, 1, node=vmi.node)
        add("virt_vm_phase", identity, 1, phase=vmi.phase)
        for phase in {p for p, _ in vmi.transitions}:
            add("virt_vm_phase_transition_timestamp_seconds", identity,
                max(at for p, at in vmi.transitions if p == phase) // SECOND, phase=phase)

    @staticmethod
    def usage_lines(account, vm, identity, add):
        if account is None:
            return
        totals = account.totals
        add("virt_vm_running_seconds_total", identity, decimal(totals["running"], 6))
        add("virt_vm_allocated_core_seconds_total", identity, decimal(totals["cores"], 9))
        add("virt_vm_allocated_memory_byte_seconds_total", identity, decimal(totals["memory"], 6))
        add("virt_vm_disk_byte_seconds_total", identity, decimal(totals["disk"], 6))
        for reason, count in account.crashes.items():
            add("virt_vm_crashes_total", identity, count, reason=reason)
        if vm is None:
            return
        add("virt_vm_restarts_total", identity, account.restarts)
        add("virt_vm_downtime_seconds_total", identity, decimal(totals["planned"], 6),
            planned="true")
        add("virt_vm_downtime_seconds_total", identity, decimal(totals["unplanned"], 6),
            planned="false")

    def project_lines(self, add):
        sizes = self.disk_sizes()
        spaces = {key[0]: [] for key in self.subjects()}
        for key in self.subjects():
            spaces[key[0]].append(key)
        for _, name in self.objects["Namespace"]:
            if self.workspace(name):
                spaces.setdefault(name, [])
        for name, meters in self.usage.projects.items():
            if any(meters.values()):
                spaces.setdefault(name, [])
        for space, keys in spaces.items():
            identity = self.identity(space)
            groups = dict.fromkeys(ALL_GROUPS, 0)
            sums = dict.fromkeys(("cores", "memory", "running_cores", "running_memory"), 0)
            for key in keys:
                vm, vmi = self.objects[VM].get(key), self.objects[VMI].get(key)
                group = GROUPS.get(vm.status, "unknown") if vm else INSTANCE_GROUPS[vmi.phase]
                groups[group] += 1
                sums["cores"] += (vm or vmi).cores
                sums["memory"] += (vm or vmi).memory
                if vmi and vmi.phase == "Running":
                    sums["running_cores"] += vmi.cores_held
                    sums["running_memory"] += vmi.memory_held
            for group, count in groups.items():
                add("virt_project_vms", identity, count, status=group)
            add("virt_project_allocated_cpu_cores", identity, sums["cores"])
            add("virt_project_running_cpu_cores", identity, sums["running_cores"])
            add("virt_project_allocated_memory_bytes", identity, sums["memory"])
            add("virt_project_running_memory_bytes", identity, sums["running_memory"])
            add("virt_project_disk_allocated_bytes", identity,
                sum(sizes.get(key, 0) for key in keys))
            used = self.usage.projects.get(space) or no_usage()
            add("virt_project_running_seconds_total", identity, decimal(used["running"], 6))
            add("virt_project_allocated_core_seconds_total", identity, decimal(used["cores"], 9))
            add("virt_project_allocated_memory_byte_seconds_total", identity,
                decimal(used["memory"], 6))
            add("virt_project_disk_byte_seconds_total", identity, decimal(used["disk"], 6))
            add("virt_project_downtime_seconds_total", identity, decimal(used["planned"], 6),
                planned="true")
            add("virt_project_downtime_seconds_total", identity, decimal(used["unplanned"], 6),
                planned="false")


USAGE_FAMILIES = frozenset("""
virt_vm_running_seconds_total virt_vm_allocated_core_seconds_total
virt_vm_allocated_memory_byte_seconds_total virt_vm_disk_byte_seconds_total virt_vm_crashes_total
virt_vm_restarts_total virt_vm_downtime_seconds_total virt_project_running_seconds_total
virt_project_allocated_core_seconds_total virt_project_allocated_memory_byte_seconds_total
virt_project_disk_byte_seconds_total virt_project_downtime_seconds_total""".split())
# Functions of the objects alone.
STATE_FAMILIES = frozenset("""
virt_vm_status virt_vm_desired_running virt_vm_start_failures virt_vm_deletion_timestamp_seconds
virt_vm_disk_size_bytes virt_vm_created_timestamp_seconds virt_vm_cpu_cores virt_vm_memory_bytes
virt_vm_ready virt_vm_node_info virt_vm_phase virt_vm_phase_transition_timestamp_seconds
virt_migration_phase virt_migration_start_timestamp_seconds virt_migration_end_timestamp_seconds
virt_datavolume_phase virt_persistentvolumeclaim_phase virt_persistentvolumeclaim_size_bytes
virt_project_vms virt_project_allocated_cpu_cores virt_project_running_cpu_cores
virt_project_allocated_memory_bytes virt_project_running_memory_bytes
virt_project_disk_allocated_bytes""".split())
FAMILIES = STATE_FAMILIES | USAGE_FAMILIES
