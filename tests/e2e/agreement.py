"""Where the exporter and virt-controller's own metrics speak of the same thing."""

from control_plane import fetch_insecure
from exposition import parse_loosely
from processes import NotReady, wait_until

# How virt-controller writes "none" in its labels.
NONE = ("<none>", "")


def differences(plane, exporter) -> list:
    """Compares status, instance type, phase and node of every VM, both ways."""
    theirs = _upstream_view(parse_loosely(fetch_insecure(plane.virt_controller_metrics)))
    ours = _exporter_view(exporter.scrape().samples)
    return [f"{vm}: virt-controller says {theirs.get(vm)}, the exporter {ours.get(vm)}"
            for vm in sorted(theirs.keys() | ours.keys()) if theirs.get(vm) != ours.get(vm)]


def wait_agreement(plane, exporter) -> None:
    """The two are never read at the same instant, so they get a moment to agree."""
    found = {}
    def agreed():
        found["differences"] = differences(plane, exporter)
        return not found["differences"]
    try:
        wait_until("agreement with virt-controller", agreed, timeout=20.0)
    except NotReady as error:
        raise AssertionError("\n".join([str(error), *found.get("differences", [])])) from None


def _upstream_view(samples: list) -> dict:
    view = {}
    for one in samples:
        key = (one.labels.get("namespace"), one.labels.get("name"))
        if one.name == "kubevirt_vm_info":
            entry = view.setdefault(key, {})
            entry["status"] = one.labels["status"]
            entry["instance_type"] = _none_to_empty(one.labels["instance_type"])
        elif one.name == "kubevirt_vmi_info":
            entry = view.setdefault(key, {})
            entry.setdefault("instance_type", _none_to_empty(one.labels["instance_type"]))
            entry["phase"] = one.labels["phase"]
            entry["node"] = one.labels["node"]
    return view


def _exporter_view(samples: list) -> dict:
    view = {}
    for one in samples:
        key = (one.labels.get("project"), one.labels.get("vm_name"))
        if one.name == "virt_vm_status":
            view.setdefault(key, {})["status"] = one.labels["status"].lower()
        elif one.name == "virt_vm_info":
            view.setdefault(key, {})["instance_type"] = _none_to_empty(one.labels.get("instance_type", ""))
        elif one.name == "virt_vm_phase":
            entry = view.setdefault(key, {})
            entry["phase"] = one.labels["phase"].lower()
            entry.setdefault("instance_type", "")  # an instance without a VM may have no virt_vm_info
        elif one.name == "virt_vm_node_info":
            view.setdefault(key, {})["node"] = one.labels["node"]
    return view


def _none_to_empty(value: str) -> str:
    return "" if value in NONE else value
