"""A cluster's objects and the series that they mean: vm_name, project sums, states.

A second, simple implementation: everything is computed anew for every page.
"""

import projects
from objects import (CLAIM, DISK, MIGRATION, NAMESPACE, NODE, POD, READERS, SNAPSHOT, VM, VMI, VOLUME,
                     WUKONG)
from observed import Observed, is_true
from usage import ERROR_STATES, SECOND, Usage, desired, no_usage

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


def decimal(amount, places):
    """amount / 10^places, every digit, no trailing zero."""
    whole, part = divmod(amount, 10 ** places)
    digits = f"{part:0{places}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


class Cluster:
    def __init__(self):
        self.objects = {kind: {} for kind in READERS}
        self.usage = Usage()
        self.observed = Observed(self.objects, 0)
        self.forsaken = set()

    # ---- what happens ----

    def restart(self, now):
        self.objects = {kind: {} for kind in READERS}
        self.observed = Observed(self.objects, now)
        self.forsaken = set()
        self.usage.restart(now)

    def put(self, obj, now):
        meta, kind = obj["metadata"], obj["kind"]
        key = (meta.get("namespace", ""), meta["name"])
        before = self.objects[kind].get(key)
        self.objects[kind][key] = READERS[kind](obj)
        if kind == NAMESPACE:
            self.forsaken.discard(key[1])
        self.changed(kind, key, before, now)

    def delete(self, kind, key, now):
        before = self.objects[kind].pop(key, None)
        if before is None:
            return
        if kind == NAMESPACE:
            self.forsaken.add(key[1])
        self.changed(kind, key, before, now)

    def list(self, kind, objects, now):
        present = {(o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in objects}
        for key in sorted(set(self.objects[kind]) - present):
            self.delete(kind, key, now)
        for obj in objects:
            self.put(obj, now)
        if kind == NAMESPACE:
            known = {key[1] for key in present}
            self.forsaken |= {p for memory in (self.usage.projects, self.observed.starts,
                                               self.observed.durations)
                              for p in memory if p not in known}
            self.drop_forsaken()

    def changed(self, kind, key, before, now):
        self.observed.changed(kind, key, before, now)
        if kind in (VM, VMI):
            self.usage.keep(key, self.objects[VM].get(key), self.objects[VMI].get(key), now)
        self.set_disks(now)
        self.drop_forsaken()

    def set_disks(self, now):
        sizes = self.disk_sizes()
        for key in self.usage.accounts:
            self.usage.set_disk(key, sizes.get(key, 0), now)

    def drop_forsaken(self):
        held = {key[0] for key in self.subjects()} | set(projects.snapshot_bytes(self))
        for project in list(self.forsaken):
            if project not in held:
                self.usage.forget_project(project)
                self.observed.forget_project(project)

    def set_watch(self, state, now):
        if self.usage.watch == "starting" and state != "starting":
            self.usage.watch = "leaving"  # what was listed counts as of the restart
            for key in self.subjects():
                self.usage.keep(key, self.objects[VM].get(key), self.objects[VMI].get(key), now)
            self.set_disks(now)
            self.usage.restored.clear()
        self.usage.set_watch(state, now)
        self.observed.set_current(state == "current", now)

    def tick(self, now):
        self.usage.tick(now)
        self.observed.tick(now)

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
        found = self.objects[NAMESPACE].get(("", space))
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
        for key, migration in self.objects[MIGRATION].items():
            vm = key[0], migration.vm
            self.migration_lines(key[1], migration, self.identity(key[0], names.get(vm, vm[1])),
                                 add)
        for kind in (WUKONG, DISK):
            for key, custom in self.objects[kind].items():
                name = self.name_of_custom(kind, key, custom, names)
                self.custom_lines(kind, key[1], custom, self.identity(key[0], name), add)
        for key, volume in self.objects[VOLUME].items():
            vm = self.vm_of_volume(key)
            identity = self.identity(key[0], names.get((key[0], vm), vm))
            self.volume_lines(key[1], volume, identity, add)
            self.observed.volume_lines(key, identity, add)
        for key, claim in self.objects[CLAIM].items():
            vm = self.vm_of_claim(key)
            identity = self.identity(key[0], names.get((key[0], vm), vm))
            add("virt_persistentvolumeclaim_phase", identity, 1, persistentvolumeclaim=key[1],
                phase=claim.phase)
            for state, amount in (("requested", claim.requested), ("capacity", claim.capacity)):
                if amount:
                    add("virt_persistentvolumeclaim_size_bytes", identity, amount,
                        persistentvolumeclaim=key[1], state=state)
        for key, pod in self.objects[POD].items():
            if pod.instance:  # anyone can label a Pod
                vm = (key[0], pod.instance)
                projects.pod_lines(key[1], pod, self.identity(key[0], names.get(vm, vm[1])), add)
        for key, snapshot in self.objects[SNAPSHOT].items():
            vm = (key[0], projects.vm_of_snapshot(self, key, snapshot))
            projects.snapshot_lines(key[1], snapshot,
                                    self.identity(key[0], names.get(vm, vm[1])), add)
        projects.quota_lines(self, add)
        for (_, name), node in self.objects[NODE].items():
            if node.heartbeat:
                lines.append(f'virt_node_heartbeat_timestamp_seconds{{cluster="c1",node="{name}"}} '
                             f"{node.heartbeat // SECOND}")
        self.observed.project_lines(self.identity, add)
        self.project_lines(add)
        return lines

    @staticmethod
    def migration_lines(name, migration, identity, add):
        add("virt_migration_phase", identity, 1, migration=name, phase=migration.phase)
        source, target = migration.nodes
        add("virt_migration_info", identity, 1, migration=name, source_node=source,
            target_node=target, mode="", trigger="user")
        for which in ("start", "end"):
            at = getattr(migration, which)
            if at:
                add(f"virt_migration_{which}_timestamp_seconds", identity, at // SECOND,
                    migration=name)
        if migration.outcome:
            result, reason = migration.outcome
            add("virt_migration_outcome", identity, 1, migration=name, result=result, reason=reason)
        elif migration.blocked:
            add("virt_migration_blocked", identity, 1, migration=name, reason="resource_quota")

    @staticmethod
    def volume_lines(name, volume, identity, add):
        add("virt_datavolume_phase", identity, 1, datavolume=name, phase=volume.phase)
        add("virt_datavolume_info", identity, 1, datavolume=name, source="", storage_class="",
            persistentvolumeclaim=name)
        add("virt_datavolume_restarts_total", identity, volume.restarts, datavolume=name)
        if volume.progress is not None:
            add("virt_datavolume_progress_ratio", identity, f"{float(volume.progress):g}",
                datavolume=name)
        for condition in volume.conditions.values():
            add("virt_datavolume_condition", identity, 1, datavolume=name,
                condition=condition.type, status=condition.status, reason=condition.reason)

    def name_of_custom(self, kind, key, custom, names):
        space, name = key
        if kind == DISK:
            vm = self.mounted_by(space, custom.claim) if custom.claim else ""
            return names.get((space, vm), vm)
        # The one VM that this Wukong owns, else the one that it names.
        owned = [vm for vm in self.subjects() if vm[0] == space and vm in self.objects[VM]
                 and self.objects[VM][vm].claimed == name]
        vm = owned[0][1] if len(owned) == 1 else custom.vm_name
        return names.get((space, vm), name)

    @staticmethod
    def custom_lines(kind, name, custom, identity, add):
        of = {"kind": kind, "name": name, "group": custom.group}
        add("virt_cr_info", identity, 1, **of, version=custom.version, owner_kind="", owner_name="")
        if custom.phase:
            add("virt_cr_phase", identity, 1, **of, phase=custom.phase)
        for condition, status in custom.conditions.items():
            add("virt_cr_condition", identity, 1, **of, condition=condition, status=status)
        add("virt_cr_created_timestamp_seconds", identity, custom.created // SECOND, **of)

    def vm_lines(self, key, identity, add):
        vm, vmi = self.objects[VM].get(key), self.objects[VMI].get(key)
        self.state_lines(key, vm, vmi, identity, add)
        self.label_line(key[0], vm, identity, add)
        self.observed.vm_lines(key, vm, identity, add)
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
        if vmi:
            self.instance_lines(vmi, identity, add)
        self.usage_lines(self.usage.accounts.get(key), vm, identity, add)

    def label_line(self, space, vm, identity, add):
        found = self.objects[NAMESPACE].get(("", space))
        labels = {"label_tier": vm.tier if vm else "",
                  "namespace_label_site": found.site if found else ""}
        if any(labels.values()):
            add("virt_vm_labels", identity, 1, **{name: text for name, text in labels.items() if text})

    @staticmethod
    def state_lines(key, vm, vmi, identity, add):
        one = vm or vmi
        add("virt_vm_info", identity, 1, vm=key[1], uid=one.uid,
            run_strategy=vm.strategy if vm else "", instance_type="", preference="",
            machine_type="", architecture="", os="", workload="", flavor="",
            owner_kind="Wukong" if vm and vm.claimed else "", kind=VM if vm else VMI)
        # What KubeVirt copies from the instance to the VM is shown once.
        conditions = {**(vm.conditions if vm else {}), **(vmi.conditions if vmi else {})}
        for name, condition in conditions.items():
            add("virt_vm_condition", identity, 1, condition=name, status=condition.status)
        shown = (vmi or vm).conditions
        add("virt_vm_ready", identity, int(is_true(shown.get("Ready"))))
        if is_true(shown.get("Paused")):
            add("virt_vm_paused", identity, 1, reason=shown["Paused"].reason)
        if vm:
            add("virt_vm_restart_required", identity,
                int(is_true(vm.conditions.get("RestartRequired"))))
            if vm.display_name:
                add("virt_vm_display_name_info", identity, 1,
                    display_name=vm.display_name.replace("\\", "\\\\").replace('"', '\\"'))
        if vmi:
            able = vmi.conditions.get("LiveMigratable")
            if able:
                add("virt_vm_live_migratable", identity, int(is_true(able)),
                    reason="" if is_true(able) else able.reason)
            if any(vmi.guest):
                add("virt_vm_guest_info", identity, 1,
                    **dict(zip(("os", "name", "version", "kernel"), vmi.guest)))

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
        for _, name in self.objects[NAMESPACE]:
            if self.workspace(name):
                spaces.setdefault(name, [])
        for name, meters in self.usage.projects.items():
            if any(meters.values()):
                spaces.setdefault(name, [])
        snapshots = projects.snapshot_bytes(self)
        for name in snapshots:
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
            add("virt_project_snapshots", identity, 0)  # no history makes one of a VM
            add("virt_project_snapshot_size_bytes", identity, snapshots.get(space, 0))
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
virt_datavolume_phase virt_datavolume_info
virt_datavolume_restarts_total virt_datavolume_progress_ratio virt_datavolume_condition
virt_persistentvolumeclaim_phase virt_persistentvolumeclaim_size_bytes
virt_project_vms virt_project_allocated_cpu_cores virt_project_running_cpu_cores
virt_project_allocated_memory_bytes virt_project_running_memory_bytes
virt_project_disk_allocated_bytes virt_vm_info virt_vm_condition virt_vm_restart_required
virt_vm_paused virt_vm_live_migratable virt_vm_guest_info virt_vm_labels virt_vm_display_name_info
virt_migration_info virt_migration_outcome virt_migration_blocked virt_cr_info virt_cr_phase
virt_cr_condition virt_cr_created_timestamp_seconds virt_node_heartbeat_timestamp_seconds
virt_vm_pod_info virt_vm_pod_phase virt_vm_pod_cpu_cores virt_vm_pod_memory_bytes virt_project_quota
virt_project_snapshots virt_project_snapshot_size_bytes virt_volumesnapshot_info
virt_volumesnapshot_ready virt_volumesnapshot_size_bytes""".split())
# What depends on when the exporter looked, beside usage.
OBSERVED_FAMILIES = frozenset("""
virt_vm_heartbeat virt_vm_heartbeat_lost_since_timestamp_seconds virt_vm_migrations_total
virt_vm_status_since_timestamp_seconds virt_datavolume_phase_since_timestamp_seconds
virt_vm_start_duration_seconds_bucket
virt_vm_start_duration_seconds_sum virt_vm_start_duration_seconds_count
virt_migration_duration_seconds_bucket virt_migration_duration_seconds_sum
virt_migration_duration_seconds_count""".split())
FAMILIES = STATE_FAMILIES | USAGE_FAMILIES | OBSERVED_FAMILIES
