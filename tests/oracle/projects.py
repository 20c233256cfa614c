"""What the VMs of a project take of it: their Pods, its quotas, snapshots of their volumes."""

from objects import CLAIM, POD, QUOTA, SNAPSHOT, VM


def amount(value):
    return f"{value:.6g}" if isinstance(value, float) else value


def pod_lines(name, pod, identity, add):
    if pod.phase:
        add("virt_vm_pod_phase", identity, 1, pod=name, phase=pod.phase)
    if pod.ended:
        return
    add("virt_vm_pod_info", identity, 1, pod=name, uid=pod.uid, node=pod.node)
    add("virt_vm_pod_cpu_cores", identity, amount(pod.cpu / 1000), pod=name, type="request")
    if pod.memory:
        add("virt_vm_pod_memory_bytes", identity, pod.memory, pod=name, type="request")
    if pod.memory_limit:
        add("virt_vm_pod_memory_bytes", identity, pod.memory_limit, pod=name, type="limit")


def share_of(cluster, space):
    """What VMs take, by resource of a quota."""
    def of(kind):
        return [(key, one) for key, one in cluster.objects[kind].items() if key[0] == space]
    pods = [pod for _, pod in of(POD) if pod.instance and not pod.ended]
    claims = [claim for key, claim in of(CLAIM) if cluster.vm_of_claim(key)]
    return {"pods": len(pods), "requests.cpu": sum(pod.cpu for pod in pods) / 1000,
            "limits.memory": sum(pod.memory_limit for pod in pods),
            "requests.storage": sum(claim.requested for claim in claims),
            "count/virtualmachines.kubevirt.io": len(of(VM))}


def quota_lines(cluster, add):
    for (space, name), quota in cluster.objects[QUOTA].items():
        identity, share = cluster.identity(space), share_of(cluster, space)
        for resource in set(quota.hard) | set(quota.used):
            kinds = {"hard": quota.hard.get(resource, 0), "used": quota.used.get(resource, 0)}
            if resource in share:
                kinds["vms"] = amount(share[resource])
            for kind, value in kinds.items():
                add("virt_project_quota", identity, value, resourcequota=name, resource=resource,
                    type=kind)


def vm_of_snapshot(cluster, key, snapshot):
    if snapshot.vm:
        return snapshot.vm
    return cluster.mounted_by(key[0], snapshot.claim) if snapshot.claim else ""


def snapshot_bytes(cluster):
    """By project, where there are any."""
    sums = {}
    for key, snapshot in cluster.objects[SNAPSHOT].items():
        if snapshot.bytes and (snapshot.of_vm or vm_of_snapshot(cluster, key, snapshot)):
            sums[key[0]] = sums.get(key[0], 0) + snapshot.bytes
    return sums


def snapshot_lines(name, snapshot, identity, add):
    add("virt_volumesnapshot_info", identity, 1, volumesnapshot=name,
        persistentvolumeclaim=snapshot.claim)
    add("virt_volumesnapshot_ready", identity, int(snapshot.ready), volumesnapshot=name)
    if snapshot.bytes:
        add("virt_volumesnapshot_size_bytes", identity, snapshot.bytes, volumesnapshot=name)
