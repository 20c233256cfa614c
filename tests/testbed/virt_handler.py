"""The part of virt-handler that virt-api calls: pausing and unpausing a guest.

virt-api finds the virt-handler of a VMI by a Pod labelled kubevirt.io=virt-handler
on the VMI's node, and sends a PUT over mutual TLS to that Pod's address. What
the real virt-handler does to libvirt is not visible in the API; what it writes
into the VMI afterwards is, and that is what happens here.
"""

import datetime
import http.server
import re
import ssl
import threading

from kube_client import ApiError, KubeClient
from pki import KeyPair

ACTION_PATH = re.compile(
    r"/v1/namespaces/(?P<namespace>[^/]+)/virtualmachineinstances/(?P<name>[^/]+)/(?P<action>pause|unpause)$")
CONFLICT_ATTEMPTS = 20


class VirtHandlerServer:
    """Serves every node's virt-handler on one loopback port.

    The client must act as virt-handler's service account: from anyone else
    virt-api's webhook takes a change of a VMI's status and drops it silently.
    """

    def __init__(self, kube: KubeClient, port: int, pair: KeyPair, kubevirt_ca: KeyPair):
        self._kube = kube
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler_for(kube))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        context.load_verify_locations(kubevirt_ca.cert)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Begins to serve on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._server.server_close()

    def announce(self) -> None:
        """Gives every Node a virt-handler Pod on loopback, unless it has one."""
        pods = self._kube.list("Pod", "kubevirt", labels="kubevirt.io=virt-handler")
        announced = {pod["spec"].get("nodeName") for pod in pods}
        for node in self._kube.list("Node"):
            name = node["metadata"]["name"]
            if name not in announced:
                self._create_pod(name)

    def _create_pod(self, node: str) -> None:
        name = f"virt-handler-{node}"
        container = {"name": "virt-handler", "image": "quay.io/kubevirt/virt-handler:v1.7.0"}
        self._kube.create({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "kubevirt",
                         "labels": {"kubevirt.io": "virt-handler", "prometheus.kubevirt.io": "true"}},
            "spec": {"nodeName": node, "hostNetwork": True, "containers": [container],
                     "tolerations": [{"operator": "Exists"}]},
        })
        status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}],
                  "conditions": [{"type": "Ready", "status": "True"}]}
        self._kube.patch("Pod", name, {"status": status}, "kubevirt", "status")


def set_paused(kube: KubeClient, namespace: str, name: str, paused: bool) -> bool:
    """Writes or removes the VMI's Paused condition; False when there is no such VMI."""
    for _ in range(CONFLICT_ATTEMPTS):
        vmi = kube.get("VirtualMachineInstance", name, namespace)
        if vmi is None:
            return False
        others = [one for one in vmi["status"].get("conditions", []) if one["type"] != "Paused"]
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion",
             "value": vmi["metadata"]["resourceVersion"]},
            {"op": "add", "path": "/status/conditions",
             "value": others + ([_paused_by_user()] if paused else [])},
        ]
        try:
            kube.patch("VirtualMachineInstance", name, patch, namespace)
            return True
        except ApiError as error:
            if error.code not in (409, 422):
                raise
    raise ApiError("PATCH", f"{namespace}/{name}", 409, "the VMI kept changing")


def _paused_by_user() -> dict:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "Paused", "status": "True", "reason": "PausedByUser",
            "message": "VMI was paused by user", "lastProbeTime": now, "lastTransitionTime": now}


def _handler_for(kube: KubeClient):
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers one connection of virt-api."""

        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            """Pauses or unpauses a VMI."""
            self._skip_body()
            match = ACTION_PATH.search(self.path)
            if match is None:
                self._answer(404)
                return
            found = set_paused(kube, match["namespace"], match["name"], match["action"] == "pause")
            self._answer(202 if found else 404)

        def _skip_body(self) -> None:
            """Leaves the connection at its next request; virt-api sends chunks."""
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                return
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + len(b"\r\n"))
            self.rfile.readline()

        def _answer(self, code: int) -> None:
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format, *args):
            """Stays silent: the API objects tell what happened."""

    return Handler
