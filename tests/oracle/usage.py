"""What VMs have used, computed from an event log by the rules of docs/usage.md.

Integers only: micros, millicores, bytes. This is a second implementation on purpose; it shares
nothing with the exporter but the document.
"""

import copy

SECOND = 1_000_000
INTERVAL = 15 * SECOND
GRACE = 5 * SECOND
ERROR_STATES = {"CrashLoopBackOff", "ErrorUnschedulable", "ErrImagePull", "ImagePullBackOff",
                "ErrorPvcNotFound", "DataVolumeError"}
METERS = ("running", "cores", "memory", "disk", "planned", "unplanned")


def no_usage():
    return dict.fromkeys(METERS, 0)


class Steps:
    """A value that changes at instants, summed up to `since`."""

    def __init__(self, since, value):
        self.since, self.value, self.steps = since, value, []

    def latest(self):
        return self.steps[-1][1] if self.steps else self.value

    def set(self, at, value):
        if value != self.latest():
            floor = self.steps[-1][0] if self.steps else self.since
            self.steps.append((max(at, floor), value))

    def settle(self, until):
        """Stretches (value, micros) up to `until`, which are then forgotten."""
        stretches = []
        for at, value in [s for s in self.steps if s[0] <= until]:
            stretches.append((self.value, at - self.since))
            self.since, self.value = at, value
        self.steps = [s for s in self.steps if s[0] > until]
        if until > self.since:
            stretches.append((self.value, until - self.since))
            self.since = until
        return stretches


class Account:
    def __init__(self, start):
        self.start = start
        self.vm_uid = ""
        self.machine = Steps(start, {"power": "absent", "cores": 0, "memory": 0, "instance": "",
                                     "ended": False, "asked": False, "halted": False})
        self.disk = Steps(start, 0)
        self.events = []
        self.totals = no_usage()
        self.restarts = 0
        self.crashes = {}

    def settle(self, until):
        added = no_usage()
        for state, micros in self.machine.settle(until):
            if state["power"] == "running":
                added["running"] += micros
                added["cores"] += micros * state["cores"]
                added["memory"] += micros * state["memory"]
            elif state["power"] in ("planned", "unplanned"):
                added[state["power"]] += micros
        for size, micros in self.disk.settle(until):
            added["disk"] += size * micros
        for at, kind in self.events:
            if at > until:
                continue
            if kind == "restart":
                self.restarts += 1
            else:
                self.crashes[kind] = self.crashes.get(kind, 0) + 1
        self.events = [event for event in self.events if event[0] > until]
        for meter in METERS:
            self.totals[meter] += added[meter]
        return added

    def as_saved(self, start):
        """As a state file keeps it: without what is not summed up yet."""
        saved = Account(start)
        saved.vm_uid = self.vm_uid
        saved.machine.value = dict(self.machine.value)
        saved.disk.value = self.disk.value
        saved.totals, saved.restarts = dict(self.totals), self.restarts
        saved.crashes = dict(self.crashes)
        return saved


def desired(vm, vmi):
    """Whether somebody wants it to run."""
    if vm.deleted or vm.strategy == "Halted":
        return False
    if vm.strategy == "Always":
        return True
    return vmi is not None and vmi.phase != "Succeeded" and not vmi.deleted


def down(vm, vmi, state, start):
    if vm is None:
        return "absent"
    if not desired(vm, vmi):
        return "planned"
    if vm.start_failures or vm.status in ERROR_STATES:
        return "unplanned"
    if state["power"] == "running":
        return "planned" if state["asked"] else "unplanned"
    new = state["power"] == "absent" and vm.created >= start - start % SECOND
    return "planned" if new or state["power"] == "planned" else "unplanned"


def crash_reason(vmi, ran):
    if vmi.node_lost:
        return "node_lost"
    if not ran:
        return "start_failed"
    return "launcher_failed" if vmi.pod_lost else "guest_failed"


def follow(account, vm, vmi, now, seen, earliest):
    """Steps of the account that the two objects ask for."""
    state = dict(account.machine.latest())

    def within(at):
        return max(min(at or seen, now), earliest)

    def step(at):
        account.machine.set(within(at), dict(state))

    def stop(at):
        earlier = vm is not None and within(at) < vm.created
        power = "absent" if earlier else down(vm, vmi, state, account.start)
        state.update(power=power, cores=0, memory=0)
        step(at)

    halted = vm is not None and (vm.deleted or vm.strategy == "Halted")
    if state["instance"] and not state["ended"] and (vmi is None or vmi.uid != state["instance"]):
        watched = seen == now
        end = vmi.created if vmi is not None and watched else seen
        if state["power"] == "running" and watched and not state["asked"] and not halted:
            account.events.append((within(end), "vanished"))
        state["ended"] = True
        stop(end)
    if vmi is not None:
        known = state["instance"] == vmi.uid
        if not known:
            if state["instance"] and not state["halted"] and vm is not None:
                account.events.append((within(vmi.created), "restart"))
            state.update(instance=vmi.uid, ended=False, asked=False, halted=False)
            step(vmi.created)
        if not state["ended"]:
            over = vmi.phase in ("Succeeded", "Failed")
            ended = vmi.entered.get(vmi.phase, 0) if over else 0
            if (vmi.deleted and (not over or vmi.deleted < ended)) or halted or (
                    vm is not None and "Stop" in vm.requests):
                state["asked"] = True
            started = vmi.entered.get("Running", 0)
            ran = state["power"] == "running" or started != 0
            if vmi.phase == "Running" or (over and ran):
                at = 0 if state["power"] == "running" else started
                state.update(power="running", cores=vmi.cores_held * 1000, memory=vmi.memory_held)
                step(at)
            if over:
                counts = known or not ended or ended >= account.start - account.start % SECOND
                if vmi.phase == "Failed" and not state["asked"] and counts:
                    account.events.append((within(ended), crash_reason(vmi, ran)))
                state["ended"] = True
                stop(ended)
            elif vmi.phase != "Running" and state["power"] == "running":
                stop(0)
    if state["power"] != "running":
        if halted or (vm is not None and not desired(vm, vmi) and "Start" not in vm.requests):
            state["halted"] = True
        first = state["power"] == "absent" and vm is not None
        state["power"] = down(vm, vmi, state, account.start)
        step(vm.created if first else 0)


class Usage:
    """All accounts of a cluster, through outages and restarts."""

    def __init__(self):
        self.saved = None
        self.restart(0)

    def restart(self, now):
        self.watch, self.counts_from = "starting", now
        self.accounts, self.retired, self.projects, self.restored = {}, [], {}, {}
        self.blind_since, self.frozen = now, 0
        if self.saved is not None:
            self.frozen = self.blind_since = self.saved["at"]
            self.restored = {key: account.as_saved(self.frozen)
                             for key, account in self.saved["accounts"].items()}
            self.projects = copy.deepcopy(self.saved["projects"])

    def seen(self, now):
        return now if self.watch == "current" else self.blind_since

    def keep(self, key, vm, vmi, now):
        """After a change of the VM's objects."""
        if self.watch == "starting":
            return
        if vm is None and vmi is None:
            if key in self.accounts:
                self.retire(key, max(self.seen(now), self.frozen))
            return
        if key not in self.accounts:
            self.accounts[key] = self.restored.pop(key, None) or Account(self.accounts_from())
        account = self.accounts[key]
        if vm is not None and account.vm_uid != vm.uid:
            if account.vm_uid:
                end = max(min(vm.created, now), self.accounts_from())
                self.retire(key, end)
                account = self.accounts[key] = Account(end)
            account.vm_uid = vm.uid
        follow(account, vm, vmi, now, self.seen(now), self.frozen)

    def accounts_from(self):
        return max(self.counts_from, self.frozen)

    def retire(self, key, end):
        account = self.accounts.pop(key)
        account.machine.set(end, {"power": "absent", "cores": 0, "memory": 0, "instance": "",
                                  "ended": False, "asked": False, "halted": False})
        account.disk.set(end, 0)
        self.retired.append((key[0], account))

    def set_disk(self, key, size, now):
        if key in self.accounts:
            self.accounts[key].disk.set(max(now, self.frozen), size)

    def forget_project(self, project):
        self.projects.pop(project, None)
        self.retired = [entry for entry in self.retired if entry[0] != project]

    def set_watch(self, state, now):
        if state != self.watch and self.watch == "current":
            self.blind_since = now
        self.watch = state

    def tick(self, now):
        if self.watch != "current":
            return
        due = (now - GRACE) // INTERVAL * INTERVAL
        if due <= self.frozen or due <= self.counts_from:
            return
        self.frozen = due
        for project, account in [(key[0], a) for key, a in self.accounts.items()] + self.retired:
            added = account.settle(due)
            total = self.projects.setdefault(project, no_usage())
            for meter in METERS:
                total[meter] += added[meter]
        self.retired = [(p, a) for p, a in self.retired
                        if a.machine.steps or a.disk.steps or a.events]
        self.saved = {"at": due,
                      "accounts": {key: a.as_saved(due) for key, a in self.accounts.items()},
                      "projects": {p: dict(m) for p, m in self.projects.items() if any(m.values())}}
