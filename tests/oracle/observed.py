"""What depends on when the exporter looked: heartbeats, stamped times, counted events.

By docs/heartbeat.md and docs/metrics.md. `cluster.objects` is the state after each change.
"""

from bisect import bisect_left
from collections import Counter

from objects import MIGRATION, NODE, VM, VMI, VOLUME
from usage import SECOND, desired

START_BOUNDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
MIGRATION_BOUNDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
SILENCE = 300 * SECOND
STAGES = ("scheduled", "running", "agent")


def is_true(condition):
    return condition is not None and condition.status == "True"


class Distribution:
    def __init__(self, bounds):
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def observe(self, micros):
        seconds = max(micros, 0) / 1e6
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def lines(self, family, identity, add, **labels):
        for i, bound in enumerate(self.bounds + (None,)):
            add(f"{family}_bucket", identity, sum(self.counts[:i + 1]), **labels,
                le="+Inf" if bound is None else f"{bound}.0")
        add(f"{family}_sum", identity, f"{self.total:.17g}" if self.total % 1 == 0
            else repr(self.total), **labels)
        add(f"{family}_count", identity, sum(self.counts), **labels)


class Observed:
    def __init__(self, objects, now):
        self.objects, self.counts_from = objects, now
        self.current = False
        self.agents = {}      # VM -> (instance, node, connected once)
        self.heartbeats = {}  # VM -> (state, reason, lost since)
        self.silent = {}      # node -> whether it was, when last looked
        self.phase_since = {}  # of DataVolumes
        self.status_since, self.measured, self.migrations = {}, {}, {}
        self.counted = {}     # migration -> uid and whether it has been
        self.starts, self.durations = {}, {}  # project -> stage or result -> Distribution

    # ---- what happens ----

    def changed(self, kind, key, before, now):
        after = self.objects[kind].get(key)
        if kind == NODE:
            self.silent.setdefault(key[1], False)
            if after is None:
                del self.silent[key[1]]
                self.judge_node(key[1], now)
            else:
                self.tick(now)
        elif kind == VM:
            self.vm_changed(key, before, after, now)
        elif kind == VMI:
            self.remember(key)
            self.judge(key, now)
            self.measure(key, after, now)
        elif kind == MIGRATION:
            self.migration_changed(key, after)
        elif kind == VOLUME:
            self.volume_changed(key, before, after, now)
        if kind in (VM, VMI) and not any(key in self.objects[k] for k in (VM, VMI)):
            for memory in (self.agents, self.heartbeats, self.status_since, self.migrations):
                memory.pop(key, None)

    def vm_changed(self, key, before, after, now):
        if after is None or before is None or before.uid != after.uid:
            self.migrations.pop(key, None)
            self.status_since[key] = after.newest if after else 0
        elif before.status != after.status:
            self.status_since[key] = now
        self.remember(key)
        self.judge(key, now)

    def volume_changed(self, key, before, after, now):
        if after is None:
            del self.phase_since[key]
        elif before is None:
            self.phase_since[key] = after.newest
        elif (before.phase, before.uid) != (after.phase, after.uid):
            self.phase_since[key] = now

    def remember(self, key):
        vmi = self.objects[VMI].get(key)
        if vmi is None:
            self.agents.pop(key, None)
            return
        uid, node, seen = self.agents.get(key, ("", "", False))
        if (uid, node) != (vmi.uid, vmi.node) or vmi.migrating:
            seen = False
        self.agents[key] = vmi.uid, vmi.node, seen or is_true(vmi.conditions.get("AgentConnected"))

    def measure(self, key, vmi, now):
        """How long the stages of a start took, each once for an instance."""
        if vmi is None:
            self.measured.pop(key, None)
            return
        if vmi.created < self.counts_from - self.counts_from % SECOND:
            return
        uid, done = self.measured.get(key, ("", set()))
        if uid != vmi.uid:
            done = set()
        self.measured[key] = vmi.uid, done
        scheduled, running = vmi.entered.get("Scheduled", 0), vmi.entered.get("Running", 0)
        agent = now if self.agents[key][2] else 0
        for stage, begin, end in zip(STAGES, (vmi.created, scheduled, running),
                                     (scheduled, running, agent)):
            if begin and end and stage not in done:
                done.add(stage)
                self.starts.setdefault(key[0], {}).setdefault(
                    stage, Distribution(START_BOUNDS)).observe(end - begin)

    def migration_changed(self, key, migration):
        if migration is None:
            self.counted.pop(key, None)
            return
        uid, counted = self.counted.get(key, (None, False))
        if uid != migration.uid:
            counted = migration.outcome is not None and migration.end < self.counts_from
        if migration.outcome and not counted:
            counted = True
            vm = key[0], migration.vm
            if vm in self.objects[VM] or vm in self.objects[VMI]:
                self.migrations.setdefault(vm, Counter())[migration.outcome] += 1
            self.durations.setdefault(key[0], {}).setdefault(
                migration.outcome[0], Distribution(MIGRATION_BOUNDS)).observe(
                    migration.end - (migration.start or migration.created))
        self.counted[key] = migration.uid, counted

    def set_current(self, current, now):
        if current != self.current:
            self.current = current
            for key in set(self.objects[VM]) | set(self.objects[VMI]):
                self.judge(key, now)

    def forget_project(self, project):
        self.starts.pop(project, None)
        self.durations.pop(project, None)

    def tick(self, now):
        """Nodes fall silent, and speak again."""
        for (_, name), node in self.objects[NODE].items():
            silent = node.heartbeat != 0 and now - node.heartbeat > SILENCE
            if silent != self.silent.get(name, False):
                self.silent[name] = silent
                self.judge_node(name, now)

    # ---- heartbeat ----

    def judge_node(self, node, now):
        for key, vmi in self.objects[VMI].items():
            if vmi.node == node:
                self.judge(key, now)

    def judge(self, key, now):
        vm, vmi = self.objects[VM].get(key), self.objects[VMI].get(key)
        if vm is None and vmi is None:
            return
        state, reason, since = self.verdict(key, vm, vmi)
        was = self.heartbeats.get(key)
        if state == "lost":
            since = was[2] if was and was[:2] == (state, reason) else since or now
        self.heartbeats[key] = state, reason, since

    def verdict(self, key, vm, vmi):
        if not self.current:
            return "unknown", "source_not_current", 0
        if vm is not None and not desired(vm, vmi):
            return "not_expected", "not_desired", 0
        if vmi is None or (vmi.phase != "Running" and not vmi.node_lost):
            return "not_expected", "not_running", 0
        if vmi.migrating:
            return "not_expected", "migrating", 0
        paused, ready = vmi.conditions.get("Paused"), vmi.conditions.get("Ready")
        stalled = is_true(paused) and paused.reason == "PausedIOError"
        if is_true(paused) and not stalled:
            return "not_expected", "paused", 0
        if vmi.node_lost:
            return "lost", "node_unresponsive", 0
        if self.silent.get(vmi.node):
            return ("lost", "node_heartbeat_stale",
                    self.objects[NODE]["", vmi.node].heartbeat + SILENCE)
        if stalled:
            return "lost", "paused_io_error", paused.since
        if ready is not None and ready.status == "False" and ready.reason == "GuestNotRunning":
            return "lost", "guest_not_running", ready.since
        connected = is_true(vmi.conditions.get("AgentConnected"))
        if self.agents[key][2] and not connected:
            return "lost", "agent_disconnected", 0
        if connected:
            return "alive", "agent_connected", 0
        return "not_expected", "agent_never_seen", 0

    # ---- what it means ----

    def vm_lines(self, key, vm, identity, add):
        state, reason, since = self.heartbeats[key]
        add("virt_vm_heartbeat", identity, 1, state=state, reason=reason)
        if since:
            add("virt_vm_heartbeat_lost_since_timestamp_seconds", identity, instant_text(since))
        if vm is not None and vm.status:
            add("virt_vm_status_since_timestamp_seconds", identity,
                instant_text(self.status_since[key]))
        for (result, why), count in self.migrations.get(key, {}).items():
            add("virt_vm_migrations_total", identity, count, result=result, reason=why)

    def volume_lines(self, key, identity, add):
        add("virt_datavolume_phase_since_timestamp_seconds", identity,
            instant_text(self.phase_since[key]), datavolume=key[1])

    def project_lines(self, identity_of, add):
        for project, stages in self.starts.items():
            for stage, one in stages.items():
                one.lines("virt_vm_start_duration_seconds", identity_of(project), add, stage=stage)
        for project, results in self.durations.items():
            for result, one in results.items():
                one.lines("virt_migration_duration_seconds", identity_of(project), add,
                          result=result)


def instant_text(micros):
    whole, part = divmod(micros, SECOND)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)
