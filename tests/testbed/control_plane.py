#!/usr/bin/env python3
"""A real KubeVirt control plane on loopback: etcd, kube-apiserver,
kube-controller-manager, virt-api, virt-controller and cdi-controller.

It has no nodes; those are played by `virtlens actor --role node` or a test.

    control_plane.py up --dir DIR    runs in the foreground until Ctrl-C and
                                     prints the path of a kubeconfig when ready
"""

import argparse
import http.client
import json
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import installation
from kube_client import ApiError, KubeClient
from pki import Pki
from processes import NotReady, Process, free_ports
from virt_handler import VirtHandlerServer

HERE = pathlib.Path(__file__).resolve().parent
SUPERVISION_INTERVAL = 0.5
LAUNCHER_IMAGE = "quay.io/kubevirt/virt-launcher:v1.7.0"
SERVERS = ("etcd", "apiserver", "etcd_peer", "controller_manager",
           "virt_api", "virt_controller", "virt_handler", "cdi")
# Who each program is for KubeVirt's webhooks, which let only KubeVirt's own
# service accounts change a running VMI.
USERS = {
    "admin": "admin",
    "virt-api": "system:serviceaccount:kubevirt:kubevirt-apiserver",
    "virt-controller": "system:serviceaccount:kubevirt:kubevirt-controller",
    "virt-handler": "system:serviceaccount:kubevirt:kubevirt-handler",
}
CDI_IMAGES = {
    "IMPORTER_IMAGE": "quay.io/kubevirt/cdi-importer:v1.65.0",
    "CLONER_IMAGE": "quay.io/kubevirt/cdi-cloner:v1.65.0",
    "UPLOADSERVER_IMAGE": "quay.io/kubevirt/cdi-uploadserver:v1.65.0",
    "OVIRT_POPULATOR_IMAGE": "quay.io/kubevirt/cdi-importer:v1.65.0",
    "UPLOADPROXY_SERVICE": "cdi-uploadproxy",
}


def built_binaries() -> dict:
    """Builds what is missing and returns the bin directory of each Go module."""
    done = subprocess.run([HERE / "build.sh", "--paths"], stdout=subprocess.PIPE, text=True, check=True)
    lines = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {module: pathlib.Path(path) for module, path in lines}


class ControlPlane:
    """Starts the servers in one directory, and ends them all when it is left."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory.resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ports = dict(zip(SERVERS, free_ports(len(SERVERS))))
        self.server = f"https://127.0.0.1:{self.ports['apiserver']}"
        self.kubeconfig = self.directory / "admin.kubeconfig"
        self.node_kubeconfig = self.directory / "virt-handler.kubeconfig"
        self.virt_controller_metrics = f"https://127.0.0.1:{self.ports['virt_controller']}/metrics"
        self.cdi_controller_metrics = f"https://127.0.0.1:{self.ports['cdi']}/metrics"
        self.virt_api_metrics = f"https://127.0.0.1:{self.ports['virt_api']}/metrics"
        self.admin_token = self.directory / "admin.token"
        self.virt_handler = None
        self._tokens = {name: secrets.token_hex(16) for name in USERS}
        self._bin = {}
        self._processes = {}
        self._supervising = threading.Event()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def __enter__(self) -> "ControlPlane":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        """Starts everything and returns when all of it answers."""
        shutil.rmtree(self.directory / "etcd", ignore_errors=True)
        self._bin = built_binaries()
        self._make_keys()
        self.kube = self._client("admin")
        self._start_etcd()
        self._start_api_server()
        installation.install_crds(self.kube, self._bin["crds"] / "crds.d")
        installation.install_objects(self.kube, self.kubevirt_ca.cert_text(), self.upload_ca.cert_text())
        installation.add_monitoring_secret(
            self.kube, self.monitoring_pair.cert_text(), self.monitoring_pair.key.read_text())
        for start in (self._start_virt_api, self._start_controller_manager,
                      self._start_virt_controller, self._start_cdi):
            start()
        self._wait_virt_api()
        self._wait_controllers()
        self.virt_handler = VirtHandlerServer(
            self._client("virt-handler"), self.ports["virt_handler"], self.virt_handler_pair, self.kubevirt_ca)
        self.virt_handler.start()
        self._supervising.set()
        self._supervisor.start()

    def stop(self) -> None:
        """Kills every server: nothing in them is worth a graceful end."""
        self._stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        if self.virt_handler is not None:
            self.virt_handler.stop()
            self.virt_handler = None
        for process in reversed(self._processes.values()):
            process.kill()
        shutil.rmtree(self.directory / "etcd", ignore_errors=True)

    def kill_api_server(self) -> None:
        """Takes the API server away, as a crash would; etcd keeps the objects."""
        self._supervising.clear()
        self._processes["kube-apiserver"].kill()

    def restart_api_server(self) -> None:
        """Brings the API server back on its port, and all that ended without it."""
        self._processes["kube-apiserver"].start()
        self._wait_api_server()
        self._supervising.set()
        self._wait_virt_api_registered()
        self._wait_controllers()

    def _supervise(self) -> None:
        """Starts again what has ended, as a kubelet would.

        KubeVirt's programs end themselves when they lose the API server, and
        when CDI's CRDs come or go, counting on being restarted.
        """
        while not self._stopping.wait(SUPERVISION_INTERVAL):
            for process in self._processes.values():
                if self._supervising.is_set() and not process.running():
                    print(f"testbed: {process.name} ended, starting it again", file=sys.stderr)
                    process.start()

    def _client(self, name: str) -> KubeClient:
        return KubeClient(self.server, self._tokens[name], self.ca.cert)

    def _make_keys(self) -> None:
        pki = Pki(self.directory / "pki")
        self.ca = pki.authority("testbed-ca")
        self.front_proxy_ca = pki.authority("front-proxy-ca")
        self.kubevirt_ca = pki.authority("kubevirt-ca")
        self.upload_ca = pki.authority("cdi-upload-signer")
        self.server_pair = pki.leaf("server", self.ca, "testbed", (installation.VIRT_API_HOST,))
        self.front_proxy = pki.leaf("front-proxy-client", self.front_proxy_ca, "front-proxy-client")
        self.virt_api_client = pki.leaf(
            "virt-api-client", self.kubevirt_ca, "kubevirt.io:system:client:virt-handler")
        self.monitoring_pair = pki.leaf(
            "monitoring", self.kubevirt_ca, "kubevirt.io:system:client:monitoring")
        self.virt_handler_pair = pki.leaf(
            "virt-handler", self.kubevirt_ca, "kubevirt.io:system:node:virt-handler",
            (installation.VIRT_HANDLER_HOST,))
        self.virt_controller_pair = pki.leaf(
            "virt-controller", self.kubevirt_ca, "virt-controller", (installation.VIRT_CONTROLLER_HOST,))
        pki.rsa_keys(self.directory / "pki/sa.key", self.directory / "pki/sa.pub")
        pki.rsa_keys(self.directory / "token-keys/id_rsa", self.directory / "token-keys/id_rsa.pub")
        self._write_credentials()

    def _write_credentials(self) -> None:
        rows = [f'{self._tokens[name]},{user},{name},"system:masters"' for name, user in USERS.items()]
        (self.directory / "tokens.csv").write_text("\n".join(rows) + "\n")
        self.admin_token.touch(0o600)
        self.admin_token.write_text(self._tokens["admin"] + "\n")
        for name in USERS:
            self._write_kubeconfig(name)

    def _write_kubeconfig(self, name: str) -> None:
        """JSON is YAML, so every reader of kubeconfigs takes it."""
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "testbed",
            "clusters": [{"name": "testbed", "cluster": {
                "server": self.server, "certificate-authority": str(self.ca.cert)}}],
            "users": [{"name": name, "user": {"token": self._tokens[name]}}],
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": name}}],
        }
        path = self._kubeconfig_of(name)
        path.write_text(json.dumps(config, indent=1) + "\n")
        path.chmod(0o600)

    def _kubeconfig_of(self, name: str) -> pathlib.Path:
        return self.directory / f"{name}.kubeconfig"

    def _launch(self, name: str, module: str, arguments: list, env: dict | None = None) -> Process:
        process = Process(name, [self._bin[module] / name, *arguments], self.directory, env)
        self._processes[name] = process
        process.start()
        return process

    def _start_etcd(self) -> None:
        client = f"http://127.0.0.1:{self.ports['etcd']}"
        peer = f"http://127.0.0.1:{self.ports['etcd_peer']}"
        process = self._launch("etcd", "etcd", [
            "--name=testbed", f"--data-dir={self.directory / 'etcd'}", "--unsafe-no-fsync",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=testbed={peer}", "--log-level=warn"])
        process.wait_ready("healthy etcd", lambda: _answers(client + "/health"))

    def _start_api_server(self) -> None:
        keys = self.directory / "pki"
        self._launch("kube-apiserver", "kubernetes", [
            f"--etcd-servers=http://127.0.0.1:{self.ports['etcd']}",
            "--bind-address=127.0.0.1", f"--secure-port={self.ports['apiserver']}",
            f"--cert-dir={keys}", f"--tls-cert-file={self.server_pair.cert}",
            f"--tls-private-key-file={self.server_pair.key}", f"--client-ca-file={self.ca.cert}",
            f"--requestheader-client-ca-file={self.front_proxy_ca.cert}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={self.front_proxy.cert}",
            f"--proxy-client-key-file={self.front_proxy.key}",
            "--service-account-issuer=https://testbed.invalid",
            f"--service-account-key-file={keys / 'sa.pub'}",
            f"--service-account-signing-key-file={keys / 'sa.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--token-auth-file={self.directory / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount", "--allow-privileged=true"])
        self._wait_api_server()

    def _wait_api_server(self) -> None:
        self._processes["kube-apiserver"].wait_ready(
            "ready kube-apiserver", lambda: self._try(lambda: self.kube.request("GET", "/readyz") == "ok"))

    def _start_controller_manager(self) -> None:
        keys = self.directory / "pki"
        self._launch("kube-controller-manager", "kubernetes", [
            f"--kubeconfig={self.kubeconfig}", "--controllers=*,-node-lifecycle-controller",
            "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--secure-port={self.ports['controller_manager']}", f"--cert-dir={keys}",
            f"--service-account-private-key-file={keys / 'sa.key'}",
            f"--root-ca-file={self.ca.cert}", "--pvclaimbinder-sync-period=1s"])

    def _start_virt_api(self) -> None:
        self._launch("virt-api", "kubevirt", [
            f"--kubeconfig={self._kubeconfig_of('virt-api')}",
            "--listen=127.0.0.1", f"--port={self.ports['virt_api']}",
            f"--console-server-port={self.ports['virt_handler']}",
            f"--tls-cert-file={self.server_pair.cert}", f"--tls-key-file={self.server_pair.key}",
            f"--handler-cert-file={self.virt_api_client.cert}",
            f"--handler-key-file={self.virt_api_client.key}"])

    def _wait_virt_api(self) -> None:
        port = self.ports["virt_api"]
        self._processes["virt-api"].wait_ready(
            "answering virt-api", lambda: _answers(f"https://127.0.0.1:{port}/metrics"))
        installation.register_virt_api(
            self.kube, self._bin["crds"] / "virt-api.d", port, self.ca.cert_text())
        self._wait_virt_api_registered()

    def _wait_virt_api_registered(self) -> None:
        self._processes["virt-api"].wait_ready(
            "available subresources.kubevirt.io",
            lambda: self._try(lambda: installation.subresources_available(self.kube)),
            restarted=self._supervising.is_set())

    def _start_virt_controller(self) -> None:
        self._launch("virt-controller", "kubevirt", [
            f"--kubeconfig={self._kubeconfig_of('virt-controller')}",
            "--listen=127.0.0.1", f"--port={self.ports['virt_controller']}",
            f"--launcher-image={LAUNCHER_IMAGE}",
            f"--prom-cert-file={self.virt_controller_pair.cert}",
            f"--prom-key-file={self.virt_controller_pair.key}"])

    def _start_cdi(self) -> None:
        pair = self.upload_ca
        self._launch("cdi-controller", "cdi", [f"-kubeconfig={self.kubeconfig}"], {
            **CDI_IMAGES, "KUBECONFIG": str(self.kubeconfig),
            "METRICS_ADDRESS": f"127.0.0.1:{self.ports['cdi']}",
            "UPLOAD_SERVER_CERT_FILE": str(pair.cert), "UPLOAD_SERVER_KEY_FILE": str(pair.key),
            "UPLOAD_CLIENT_CERT_FILE": str(pair.cert), "UPLOAD_CLIENT_KEY_FILE": str(pair.key)})

    def _wait_controllers(self) -> None:
        for name, what, probe in (
                ("kube-controller-manager", "default ServiceAccount", self._default_account_made),
                ("virt-controller", "leading virt-controller", self._virt_controller_leads),
                ("cdi-controller", "StorageProfile", self._storage_profile_filled)):
            self._processes[name].wait_ready(what, probe, restarted=self._supervising.is_set())

    def _default_account_made(self) -> bool:
        return self.kube.get("ServiceAccount", "default", "kubevirt") is not None

    def _virt_controller_leads(self) -> bool:
        body = fetch_insecure(self.virt_controller_metrics)
        return ("\nkubevirt_virt_controller_leading_status 1\n" in body
                and "\nkubevirt_virt_controller_ready_status 1\n" in body)

    def _storage_profile_filled(self) -> bool:
        profile = self.kube.get("StorageProfile", installation.STORAGE_CLASS)
        return bool(profile and profile.get("status", {}).get("provisioner"))

    @staticmethod
    def _try(probe):
        """Turns a refusal of a server that is still starting into "not yet"."""
        try:
            return probe()
        except (ApiError, http.client.HTTPException) as error:
            raise NotReady(str(error)) from None


def fetch_insecure(url: str) -> str:
    """Fetches a page of a server whose certificate no one can verify, like a scraper of KubeVirt."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:
        return answer.read().decode()


def _answers(url: str) -> bool:
    fetch_insecure(url)
    return True


def run_until_signalled(directory: pathlib.Path) -> int:
    """Runs a control plane until SIGINT or SIGTERM."""
    # SIGINT too: a shell starts background jobs with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    started = time.monotonic()
    try:
        with ControlPlane(directory) as plane:
            print(f"ready in {time.monotonic() - started:.1f} s; logs are in {plane.directory}", file=sys.stderr)
            print(f"virt-controller metrics: {plane.virt_controller_metrics}", file=sys.stderr)
            print(f"kubeconfig of the node's side: {plane.node_kubeconfig}", file=sys.stderr)
            print(plane.kubeconfig, flush=True)
            announce_forever(plane)
    except NotReady as error:
        print(f"control_plane.py: {error}", file=sys.stderr)
        return 1


def announce_forever(plane: ControlPlane) -> None:
    """Gives Nodes that appear their virt-handler Pods, so that pausing works by hand."""
    while True:
        try:
            plane.virt_handler.announce()
        except (ApiError, OSError) as error:
            print(f"control_plane.py: {error}", file=sys.stderr)
        time.sleep(1)


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="A real KubeVirt control plane on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run in the foreground until Ctrl-C")
    up.add_argument("--dir", type=pathlib.Path, help="where keys, data and logs go (default: a temporary directory)")
    arguments = parser.parse_args()
    if arguments.dir is not None:
        return run_until_signalled(arguments.dir)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="virtlens-testbed-"))
    try:
        return run_until_signalled(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
