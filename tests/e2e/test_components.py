"""Scraping the components: the real virt-controller, virt-api and cdi-controller, and virt-handlers with TLS."""

import http.server
import json
import ssl
import threading

import pytest

from conftest import NODES, running_exporter
from installation import announce_component
from processes import free_ports, wait_until

KUBEVIRT_LABELS = {"kubevirt.io": "virt-controller", "prometheus.kubevirt.io": "true"}
CDI_LABELS = {"cdi.kubevirt.io": "cdi-deployment", "prometheus.cdi.kubevirt.io": "true"}


class Endpoint:
    """A component that hangs, or that wants a token."""

    def __init__(self, pair, token: str | None):
        self.port = free_ports(1)[0]
        self.url = f"https://127.0.0.1:{self.port}/metrics"
        self.stopping = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), _handler_for(self, token))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends it, and with it every answer that hangs."""
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()


def _handler_for(endpoint: Endpoint, token: str | None):
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers nothing without a token to ask for; else 401 to whoever does not show it."""

        def do_GET(self):
            """Serves /metrics."""
            if token is None:
                endpoint.stopping.wait()
                return
            shown = self.headers.get("Authorization") == f"Bearer {token}"
            body = b"kubevirt_cdi_cr_ready 1\n" if shown else b"no\n"
            self.send_response(200 if shown else 401)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """Stays silent."""

    return Handler


@pytest.fixture(scope="module", name="endpoints")
def fixture_endpoints(plane):
    """One that hangs and one that wants the administrator's token."""
    hung = Endpoint(plane.server_pair, None)
    closed = Endpoint(plane.server_pair, plane.admin_token.read_text().strip())
    yield hung, closed
    hung.stop()
    closed.stop()


@pytest.fixture(scope="module", name="scraping")
def fixture_scraping(plane, actor, endpoints, tmp_path_factory):
    """An exporter that knows components by their Pods and by its config. `actor` plays the nodes."""
    assert actor.running()
    announce_component(plane.kube, "kubevirt", "virt-controller", KUBEVIRT_LABELS,
                       plane.ports["virt_controller"])
    announce_component(plane.kube, "cdi", "cdi-deployment", CDI_LABELS, plane.ports["cdi"])
    # Anyone may label a Pod of his own; it must not be believed.
    announce_component(plane.kube, "default", "virt-controller-of-a-tenant", KUBEVIRT_LABELS,
                       plane.ports["virt_controller"])
    hung, closed = endpoints
    directory = tmp_path_factory.mktemp("components")
    config = directory / "virtlens.yaml"
    ca = {"ca_file": str(plane.ca.cert)}
    token = {"bearer_token_file": str(plane.admin_token)}
    config.write_text(json.dumps({
        "component_scrape": {"interval": "2s", "timeout": "1s", "cdi_insecure_skip_verify": "true",
                             "cdi_bearer_token_file": str(plane.admin_token)},
        "targets": [
            {"component": "virt-controller", "url": plane.virt_controller_metrics, "node": "static",
             "ca_file": str(plane.kubevirt_ca.cert)},
            {"component": "virt-controller", "url": plane.virt_controller_metrics, "node": "wrong-ca", **ca},
            {"component": "cdi-controller", "url": plane.cdi_controller_metrics, "node": "static",
             "insecure_skip_verify": "true", **token},
            {"component": "cdi-controller", "url": plane.cdi_controller_metrics, "node": "unverified"},
            {"component": "cdi-operator", "url": closed.url, "node": "with-token", **ca, **token},
            {"component": "cdi-operator", "url": closed.url, "node": "without-token", **ca},
            {"component": "virt-api", "url": plane.virt_api_metrics, "node": "static", **ca},
            {"component": "virt-api", "url": hung.url, "node": "hung", **ca},
        ]}))
    try:
        with running_exporter(plane, directory, "--config", config) as running:
            yield running
    finally:
        for namespace, name in (("kubevirt", "virt-controller"), ("cdi", "cdi-deployment"),
                                ("default", "virt-controller-of-a-tenant")):
            plane.kube.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0")


def wait_reason(exporter, component, resource, reason):
    """Waits until virt_source_up of a target gives that reason, and is 1 for ok only."""
    def reached():
        found = exporter.scrape().find("virt_source_up", source=component, resource=resource, reason=reason)
        return found and found[0].value == (1 if reason == "ok" else 0)
    wait_until(f"{component} {resource} {reason}", reached)


@pytest.mark.parametrize("component,resource,reason", [
    ("virt-controller", "virt-controller", "ok"),
    ("virt-controller", "static", "ok"),
    ("virt-controller", "wrong-ca", "tls"),
    ("cdi-controller", "cdi-deployment", "ok"),
    ("cdi-controller", "static", "ok"),
    ("cdi-controller", "unverified", "tls"),
    ("cdi-operator", "with-token", "ok"),
    ("cdi-operator", "without-token", "unauthorized"),
    ("virt-api", "static", "ok"),
    ("virt-api", "hung", "timeout"),
    *((endpoint, f"node-{number + 1:02}", "ok") for number in range(NODES)
      for endpoint in ("virt-handler", "virt-handler-vmstats")),
])
def test_each_target_says_how_it_is(scraping, component, resource, reason):
    wait_reason(scraping, component, resource, reason)


def test_a_tenants_pod_is_no_component(scraping):
    wait_reason(scraping, "virt-controller", "virt-controller", "ok")
    named = {one.labels["resource"] for one in scraping.scrape().find("virt_source_up", source="virt-controller")}
    assert named == {"virt-controller", "static", "wrong-ca"}


def test_no_token_is_told(scraping, plane):
    wait_reason(scraping, "cdi-operator", "with-token", "ok")
    token = plane.admin_token.read_text().strip()
    assert token not in scraping.scrape().body
    assert token not in scraping.process.log.read_text()


def test_a_pod_that_goes_takes_its_target_along(scraping, plane):
    wait_reason(scraping, "virt-controller", "virt-controller", "ok")
    announce_component(plane.kube, "kubevirt", "virt-controller-2", KUBEVIRT_LABELS,
                       plane.ports["virt_controller"])
    wait_reason(scraping, "virt-controller", "virt-controller-2", "ok")
    plane.kube.request("DELETE", "/api/v1/namespaces/kubevirt/pods/virt-controller-2?gracePeriodSeconds=0")
    wait_until("no target", lambda: not scraping.scrape().find(
        "virt_source_up", source="virt-controller", resource="virt-controller-2"))


def test_statistics_tell_how_much_storage_a_disk_has_taken(scraping, project):
    project.create_running_vm("web", disk_size="1Gi")

    def of_disk(family):
        return [one.value for one in scraping.scrape().find(family, project=project.name, vm_name="web", disk="root")]
    wait_until("storage of the disk", lambda: of_disk("virt_vm_disk_used_bytes"))
    assert 0 < of_disk("virt_vm_disk_used_bytes")[0] < of_disk("virt_vm_disk_capacity_bytes")[0]
    assert len(of_disk("virt_vm_disk_reads_total")) == 1, "both endpoints tell it, and it stands once"
