"""The objects virt-operator, cdi-operator and an administrator would have installed."""

import base64
import json
import pathlib

from kube_client import KINDS, ApiError, KubeClient, condition, path_of
from processes import wait_until

KUBEVIRT_VERSION = "v1.7.0"
CDI_VERSION = "v1.65.0"
STORAGE_CLASS = "testbed-block"
PROVISIONER = "testbed.virtlens.io/provisioner"
VIRT_API_HOST = "virt-api.kubevirt.svc"
# Names in the certificates of components, as virt-operator makes them.
VIRT_HANDLER_HOST = "virt-handler.kubevirt.svc"
VIRT_CONTROLLER_HOST = "virt-controller.kubevirt.svc"


def install_crds(kube: KubeClient, directory: pathlib.Path) -> None:
    """Creates every CRD of a directory and waits until all are served."""
    names = []
    for path in sorted(directory.glob("*.json")):
        crd = json.loads(path.read_text())
        kube.create(crd)
        names.append(crd["metadata"]["name"])

    def established():
        served = {crd["metadata"]["name"]: crd for crd in kube.list("CustomResourceDefinition")}
        return all(condition(served[name], "Established") == "True" for name in names)

    wait_until("established CRDs", established)


def install_objects(kube: KubeClient, kubevirt_ca: str, upload_ca: str) -> None:
    """Creates namespaces, ConfigMaps, the StorageClass and the KubeVirt and CDI objects."""
    for name in ("kubevirt", "cdi"):
        kube.create(_object("Namespace", name))
    kube.create(_object("ConfigMap", "kubevirt-ca", "kubevirt", data={"ca-bundle": kubevirt_ca}))
    for name in ("cdi-uploadserver-signer-bundle", "cdi-uploadserver-client-signer-bundle"):
        kube.create(_object("ConfigMap", name, "cdi", data={"ca-bundle.crt": upload_ca}))
    _create_when_served(kube, _storage_class())
    _create_when_served(kube, _object("KubeVirt", "kubevirt", "kubevirt", spec=_kubevirt_spec()))
    kube.patch("KubeVirt", "kubevirt", {"status": _kubevirt_status()}, "kubevirt", "status")
    _create_when_served(kube, _object("CDI", "cdi", spec={"config": {}}, status=_cdi_status()))


def add_monitoring_secret(kube: KubeClient, certificate: str, key: str) -> None:
    """Creates the Secret that virt-operator 1.9 makes for those who read virt-handlers' /v1/vmstats."""
    data = {"tls.crt": certificate, "tls.key": key}
    kube.create(_object("Secret", "kubevirt-virt-handler-monitoring-client-certs", "kubevirt",
                        data={name: base64.b64encode(text.encode()).decode() for name, text in data.items()}))


def register_virt_api(kube: KubeClient, directory: pathlib.Path, port: int, ca: str) -> None:
    """Points KubeVirt's own webhooks and APIServices at a virt-api on loopback.

    The webhooks go by URL. An APIService can only name a Service, so it gets
    one of type ExternalName, which the aggregator follows to localhost.
    """
    bundle = base64.b64encode(ca.encode()).decode()
    kube.create(_object("Service", "virt-api", "kubevirt",
                        spec={"type": "ExternalName", "externalName": "localhost"}))
    for path in sorted(directory.glob("*.json")):
        manifest = json.loads(path.read_text())
        if manifest["kind"] == "APIService":
            manifest["spec"]["service"]["port"] = port
            manifest["spec"]["caBundle"] = bundle
        for webhook in manifest.get("webhooks", []):
            service = webhook["clientConfig"]["service"]
            url = f"https://127.0.0.1:{port}{service['path']}"
            webhook["clientConfig"] = {"url": url, "caBundle": bundle}
        kube.create(manifest)


def announce_component(kube: KubeClient, namespace: str, name: str, labels: dict, port: int) -> None:
    """Creates the Pod by which scrapers find a component that runs on loopback."""
    container = {"name": name, "image": f"testbed/{name}",
                 "ports": [{"name": "metrics", "containerPort": port}]}
    manifest = _object("Pod", name, namespace, spec={"nodeName": "testbed", "containers": [container]})
    manifest["metadata"]["labels"] = labels
    kube.create(manifest)
    kube.patch("Pod", name, {"status": {"phase": "Running", "podIP": "127.0.0.1",
                                        "podIPs": [{"ip": "127.0.0.1"}]}}, namespace, "status")


def subresources_available(kube: KubeClient) -> bool:
    """Tells whether subresources.kubevirt.io is served through kube-apiserver."""
    services = [one for one in kube.list("APIService")
                if one["spec"].get("group") == "subresources.kubevirt.io"]
    return bool(services) and all(condition(one, "Available") == "True" for one in services)


def _create_when_served(kube: KubeClient, manifest: dict) -> None:
    """A kind may answer 404 for a moment after its CRD is established."""
    def created():
        try:
            return kube.create(manifest)
        except ApiError as error:
            if error.code == 404:
                return None
            raise
    wait_until(f"collection {path_of(manifest['kind'], None, None)}", created)


def _object(kind: str, name: str, namespace: str | None = None, **fields) -> dict:
    prefix = KINDS[kind][0]
    version = prefix.removeprefix("/apis/").removeprefix("/api/")
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _storage_class() -> dict:
    manifest = _object("StorageClass", STORAGE_CLASS, provisioner=PROVISIONER,
                       volumeBindingMode="Immediate", reclaimPolicy="Delete")
    manifest["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return manifest


def _kubevirt_spec() -> dict:
    return {"configuration": {"developerConfiguration": {"useEmulation": True, "featureGates": ["Snapshot"]}},
            "workloadUpdateStrategy": {}}


def _kubevirt_status() -> dict:
    return {
        "phase": "Deployed",
        "defaultArchitecture": "amd64",
        "observedGeneration": 1,
        "observedKubeVirtRegistry": "quay.io/kubevirt",
        "observedKubeVirtVersion": KUBEVIRT_VERSION,
        "operatorVersion": KUBEVIRT_VERSION,
        "targetKubeVirtRegistry": "quay.io/kubevirt",
        "targetKubeVirtVersion": KUBEVIRT_VERSION,
        "outdatedVirtualMachineInstanceWorkloads": 0,
        "conditions": [
            _condition("Available", "True", "AllComponentsReady", "All components are ready."),
            _condition("Progressing", "False", "AllComponentsReady", "All components are ready."),
            _condition("Degraded", "False", "AllComponentsReady", "All components are ready."),
            _condition("Created", "True", "AllResourcesCreated", "All resources were created."),
        ],
    }


def _cdi_status() -> dict:
    return {
        "phase": "Deployed",
        "observedVersion": CDI_VERSION,
        "operatorVersion": CDI_VERSION,
        "targetVersion": CDI_VERSION,
        "conditions": [
            _condition("Available", "True", "DeployCompleted", "Deployment Completed"),
            _condition("Progressing", "False", "", ""),
            _condition("Degraded", "False", "", ""),
        ],
    }


def _condition(kind: str, status: str, reason: str, message: str) -> dict:
    moment = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message,
            "lastProbeTime": moment, "lastTransitionTime": moment, "lastHeartbeatTime": moment}
