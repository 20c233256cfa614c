"""A small client of the Kubernetes REST API: enough for the testbed and its tests."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request

from processes import NotReady, wait_until

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

# The path of each kind's API group, and its plural; namespaced unless listed below.
KINDS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Node": ("/api/v1", "nodes"),
    "Pod": ("/api/v1", "pods"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "Service": ("/api/v1", "services"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles"),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings"),
    "PersistentVolume": ("/api/v1", "persistentvolumes"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "APIService": ("/apis/apiregistration.k8s.io/v1", "apiservices"),
    "MutatingWebhookConfiguration": (
        "/apis/admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations"),
    "ValidatingWebhookConfiguration": (
        "/apis/admissionregistration.k8s.io/v1", "validatingwebhookconfigurations"),
    "KubeVirt": ("/apis/kubevirt.io/v1", "kubevirts"),
    "VirtualMachine": ("/apis/kubevirt.io/v1", "virtualmachines"),
    "VirtualMachineInstance": ("/apis/kubevirt.io/v1", "virtualmachineinstances"),
    "VirtualMachineInstanceMigration": ("/apis/kubevirt.io/v1", "virtualmachineinstancemigrations"),
    "VirtualMachineSnapshot": ("/apis/snapshot.kubevirt.io/v1beta1", "virtualmachinesnapshots"),
    "VirtualMachineClusterInstancetype": (
        "/apis/instancetype.kubevirt.io/v1beta1", "virtualmachineclusterinstancetypes"),
    "CDI": ("/apis/cdi.kubevirt.io/v1beta1", "cdis"),
    "StorageProfile": ("/apis/cdi.kubevirt.io/v1beta1", "storageprofiles"),
    "DataVolume": ("/apis/cdi.kubevirt.io/v1beta1", "datavolumes"),
}


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, method: str, path: str, code: int, message: str):
        super().__init__(f"{method} {path}: {code} {message}")
        self.code = code
        self.message = message


class KubeClient:
    """Speaks to one API server with one bearer token."""

    def __init__(self, server: str, token: str, ca_file):
        self.server = server
        self._token = token
        self._context = ssl.create_default_context(cafile=str(ca_file))

    def request(self, method: str, path: str, body=None, content_type="application/json",
                timeout: float = 30.0):
        """Sends one request and returns the decoded answer (text when it is not JSON)."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self._context) as answer:
                return _decode(answer.read())
        except urllib.error.HTTPError as error:
            answer = _decode(error.read())
            message = answer.get("message", "") if isinstance(answer, dict) else str(answer)
            raise ApiError(method, path, error.code, message) from None

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict | None:
        """Returns an object, or None when there is none."""
        try:
            return self.request("GET", path_of(kind, name, namespace))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, kind: str, namespace: str | None = None, labels: str = "") -> list:
        """Returns the objects of a kind, of all namespaces when none is named."""
        query = "?" + urllib.parse.urlencode({"labelSelector": labels}) if labels else ""
        return self.request("GET", path_of(kind, None, namespace) + query)["items"]

    def create(self, manifest: dict) -> dict:
        """Creates an object in the namespace its metadata names."""
        namespace = manifest["metadata"].get("namespace")
        return self.request("POST", path_of(manifest["kind"], None, namespace), manifest)

    def patch(self, kind: str, name: str, patch, namespace: str | None = None,
              subresource: str = "") -> dict:
        """Applies a JSON patch (a list) or a merge patch (a mapping)."""
        path = path_of(kind, name, namespace) + (f"/{subresource}" if subresource else "")
        content_type = JSON_PATCH if isinstance(patch, list) else MERGE_PATCH
        return self.request("PATCH", path, patch, content_type)

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Deletes an object; one that is gone already is no error."""
        try:
            self.request("DELETE", path_of(kind, name, namespace))
        except ApiError as error:
            if error.code != 404:
                raise

    def wait(self, kind: str, name: str, namespace: str | None, what: str, reached,
             timeout: float = 30.0) -> dict:
        """Polls an object until reached(object) holds; shows its status when it never does."""
        seen = {}
        def probe():
            seen["object"] = self.get(kind, name, namespace)
            return seen["object"] if seen["object"] and reached(seen["object"]) else None
        try:
            return wait_until(f"{kind} {name} {what}", probe, timeout)
        except NotReady as error:
            status = (seen.get("object") or {}).get("status")
            raise NotReady(f"{error}; its status: {json.dumps(status)}") from None

    def wait_gone(self, kind: str, name: str, namespace: str | None, timeout: float = 30.0) -> None:
        """Polls until an object no longer exists."""
        wait_until(f"end of {kind} {name}", lambda: self.get(kind, name, namespace) is None, timeout)


def path_of(kind: str, name: str | None, namespace: str | None) -> str:
    """Returns the path of an object or, without a name, of its collection."""
    prefix, plural = KINDS[kind]
    path = prefix + (f"/namespaces/{namespace}" if namespace else "") + f"/{plural}"
    return path + (f"/{name}" if name else "")


def condition(obj: dict, kind: str) -> str | None:
    """Returns the status of a condition, or None when the object does not carry it."""
    for one in obj.get("status", {}).get("conditions", []):
        if one["type"] == kind:
            return one["status"]
    return None


def _decode(body: bytes):
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return body.decode(errors="replace")
