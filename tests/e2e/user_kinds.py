"""The platform's user CRs: small definitions without schema, and objects of them."""

import json
import pathlib

from kube_client import MERGE_PATCH, ApiError, KubeClient
from processes import wait_until

TESTDATA = pathlib.Path(__file__).resolve().parent / "testdata"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class UserKind:
    """One kind of custom resource of an API server."""

    def __init__(self, kube: KubeClient, group: str, version: str, plural: str, kind: str):
        self.kube = kube
        self.group, self.version, self.plural, self.kind = group, version, plural, kind

    @property
    def resource(self) -> str:
        """Returns the name that definitions and virt_source_up use."""
        return f"{self.plural}.{self.group}"

    def install(self) -> None:
        """Creates the definition, unless it is there, and waits until the kind is served."""
        try:
            self.kube.request("POST", DEFINITIONS, self._definition())
        except ApiError as error:
            if error.code != 409:
                raise
        wait_until(f"{self.resource} served", self._served)

    def uninstall(self) -> None:
        """Deletes the definition and with it all objects."""
        self.kube.request("DELETE", f"{DEFINITIONS}/{self.resource}")
        wait_until(f"end of {self.resource}", lambda: not self._served())

    def create(self, namespace: str, name: str, spec: dict | None = None, status: dict | None = None) -> dict:
        """Creates an object; its status is a second write, as it is for everyone."""
        made = self.kube.request("POST", self._path(namespace), {
            "apiVersion": f"{self.group}/{self.version}", "kind": self.kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec or {}})
        if status is not None:
            self.report(namespace, name, status)
        return made

    def report(self, namespace: str, name: str, status: dict) -> None:
        """Writes the status as the kind's controller would."""
        self.kube.request("PATCH", f"{self._path(namespace)}/{name}/status", {"status": status}, MERGE_PATCH)

    def delete(self, namespace: str, name: str) -> None:
        """Deletes an object."""
        self.kube.request("DELETE", f"{self._path(namespace)}/{name}")

    def owner_of(self, made: dict) -> dict:
        """Returns the ownerReference to an object."""
        return {"apiVersion": f"{self.group}/{self.version}", "kind": self.kind, "controller": True,
                "name": made["metadata"]["name"], "uid": made["metadata"]["uid"]}

    def _path(self, namespace: str) -> str:
        return f"/apis/{self.group}/{self.version}/namespaces/{namespace}/{self.plural}"

    def _served(self) -> bool:
        try:
            self.kube.request("GET", f"/apis/{self.group}/{self.version}/{self.plural}?limit=1")
            return True
        except ApiError as error:
            if error.code == 404:
                return False
            raise

    def _definition(self) -> dict:
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": self.resource},
                "spec": {"group": self.group, "scope": "Namespaced",
                         "names": {"plural": self.plural, "singular": self.kind.lower(), "kind": self.kind,
                                   "listKind": f"{self.kind}List"},
                         "versions": [{"name": self.version, "served": True, "storage": True,
                                       "subresources": {"status": {}},
                                       "schema": {"openAPIV3Schema": schema}}]}}


def user_kinds(kube: KubeClient) -> dict:
    """Returns the kinds of testdata/user_kinds.json by group and kind."""
    kinds = json.loads((TESTDATA / "user_kinds.json").read_text())
    return {(one["group"], one["kind"]): UserKind(kube, **one) for one in kinds}
