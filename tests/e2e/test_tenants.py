"""Tenants that scrape their own projects, and one exporter that reads several clusters."""

import urllib.error
import urllib.request

import pytest
from cluster import Project
from conftest import binary, running_exporter
from exposition import status_of
from processes import Process, wait_until

EVERYTHING = "virtlens-e2e-every-series"


@pytest.fixture(scope="module")
def guarded(plane, actor, tmp_path_factory):
    """An exporter that asks who scrapes; gives its /metrics address."""
    with running_exporter(plane, tmp_path_factory.mktemp("guarded"), "--auth") as exporter:
        yield exporter.url


def _get(url, token):
    """Returns status and body."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _service_account(kube, namespace, name):
    """Creates a ServiceAccount and returns a token of its own."""
    kube.create({"apiVersion": "v1", "kind": "ServiceAccount",
                 "metadata": {"name": name, "namespace": namespace}})
    answer = kube.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    return answer["status"]["token"]


def _rbac(kind, name, namespace=None, **fields):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **fields}


def _allow_project(kube, namespace, account):
    kube.create(_rbac("Role", "read-vms", namespace, rules=[
        {"apiGroups": ["kubevirt.io"], "resources": ["virtualmachines"], "verbs": ["list"]}]))
    kube.create(_rbac("RoleBinding", "read-vms", namespace, subjects=[
        {"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read-vms"}))


def _allow_everything(kube, namespace, account):
    kube.create(_rbac("ClusterRole", EVERYTHING, rules=[{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]))
    kube.create(_rbac("ClusterRoleBinding", EVERYTHING, subjects=[
        {"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": EVERYTHING}))


def test_a_tenant_reads_its_own_project_and_nothing_else(project, kube, guarded):
    other = Project(kube, project.name + "-other", "teaching")
    for one in (project, other):
        one.create_vm("web", run_strategy="Halted")
        one.wait_status("web", "Stopped")
    token = _service_account(kube, project.name, "prometheus")
    mine = f"{guarded}?project={project.name}"

    status, reason = _get(mine, token)
    assert status == 403 and "may not list virtualmachines.kubevirt.io" in reason, reason
    _allow_project(kube, project.name, "prometheus")
    # A refusal is remembered for ten seconds.
    wait_until("own series", lambda: f'project="{project.name}"' in _get(mine, token)[1], timeout=30)

    samples = [line for line in _get(mine, token)[1].splitlines() if not line.startswith("#")]
    assert samples and all(f'project="{project.name}",' in line for line in samples)
    for query in ("", f"?project={other.name}", f"?project={project.name},{other.name}",
                  "?workspace=teaching", "?cluster=e2e"):
        status, reason = _get(guarded + query, token)
        assert status == 403, (query, status)
        assert "prometheus" in reason and token not in reason


def test_who_may_get_metrics_reads_everything_and_strangers_nothing(project, kube, guarded):
    project.create_vm("web", run_strategy="Halted")
    project.wait_status("web", "Stopped")
    token = _service_account(kube, project.name, "platform-prometheus")
    _allow_everything(kube, project.name, "platform-prometheus")
    wait_until("every series", lambda: "virt_source_up" in _get(guarded, token)[1])
    assert status_of(guarded) == 401
    assert _get(guarded, "not-a-token")[0] == 401
    assert status_of(guarded.replace("/metrics", "/readyz")) == 200


def test_one_exporter_reads_two_clusters(project, plane, tmp_path):
    """The second cluster is a simulated one; taken away, the first goes on."""
    project.create_vm("web", run_strategy="Halted")
    kubeconfig = tmp_path / "member"
    member = Process("member", [
        binary("virtlens"), "apiserver", "--vms", "5", "--kubeconfig-out", kubeconfig], tmp_path)
    member.start()
    try:
        wait_until("kubeconfig", lambda: kubeconfig.is_file() and kubeconfig.stat().st_size)
        config = tmp_path / "virtlens.yaml"
        config.write_text(f"clusters:\n- name: member-1\n  kubeconfig: {kubeconfig}\n")
        with running_exporter(plane, tmp_path, "--config", str(config)) as exporter:
            def vms(cluster):
                return exporter.scrape().find("virt_vm_info", cluster=cluster)
            wait_until("VMs of the member", lambda: len(vms("member-1")) >= 5)
            wait_until("VMs of the host", lambda: [one for one in vms("e2e")
                                                   if one.labels["project"] == project.name])
            member.kill()
            # After half a minute in which the watch could not be had again.
            wait_until("word of its end", lambda: exporter.scrape().find(
                "virt_source_up", cluster="member-1", resource="nodes", reason="stale"), timeout=60)
            assert len(vms("member-1")) >= 5, "the last state of a lost cluster is kept"
            assert exporter.ready()
    finally:
        member.stop()
