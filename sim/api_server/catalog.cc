#include "sim/api_server/catalog.h"

#include <algorithm>
#include <cctype>

namespace virtlens::sim {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

ServedResource Core(std::string group, std::string version, std::string plural, std::string kind,
                    bool namespaced, bool has_status, std::vector<std::string> short_names) {
  return {{std::move(group), std::move(version), std::move(plural), std::move(kind), namespaced},
          has_status,
          std::move(short_names),
          false};
}

ServedResource Custom(std::string group, std::string version, std::string plural, std::string kind,
                      bool namespaced, bool has_status, std::vector<std::string> short_names = {}) {
  return {{std::move(group), std::move(version), std::move(plural), std::move(kind), namespaced},
          has_status,
          std::move(short_names),
          true};
}

tl::unexpected<Error> BadCrd(std::string message) {
  Error error{Code::kInvalidArgument, "CustomResourceDefinition is invalid: " + std::move(message)};
  error.http_status = 422;
  return Fail(std::move(error));
}

const Json* StorageVersion(const Json& spec) {
  for (const auto& version : ArrayOf(spec, "versions")) {
    if (version.is_object() && version.contains("storage") && version["storage"] == Json(true)) {
      return &version;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<ServedResource> CoreResources() {
  return {
      Core("", "v1", "namespaces", "Namespace", false, true, {"ns"}),
      Core("", "v1", "nodes", "Node", false, true, {"no"}),
      Core("", "v1", "pods", "Pod", true, true, {"po"}),
      Core("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, true, {"pvc"}),
      Core("", "v1", "resourcequotas", "ResourceQuota", true, true, {"quota"}),
      Core("", "v1", "persistentvolumes", "PersistentVolume", false, true, {"pv"}),
      Core("", "v1", "configmaps", "ConfigMap", true, false, {"cm"}),
      Core("", "v1", "secrets", "Secret", true, false, {}),
      Core("", "v1", "serviceaccounts", "ServiceAccount", true, false, {"sa"}),
      Core("", "v1", "services", "Service", true, true, {"svc"}),
      Core("", "v1", "events", "Event", true, false, {"ev"}),
      Core("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, false, {"sc"}),
      Core("coordination.k8s.io", "v1", "leases", "Lease", true, false, {}),
      Core("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
           false, true, {"crd", "crds"}),
  };
}

std::vector<ServedResource> KubeVirtResources() {
  const std::string kv = "kubevirt.io";
  const std::string cdi = "cdi.kubevirt.io";
  const std::string types = "instancetype.kubevirt.io";
  const std::string snapshot = "snapshot.kubevirt.io";
  return {
      Custom(kv, "v1", "virtualmachines", "VirtualMachine", true, true, {"vm", "vms"}),
      Custom(kv, "v1", "virtualmachineinstances", "VirtualMachineInstance", true, false,
             {"vmi", "vmis"}),
      Custom(kv, "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration", true,
             true, {"vmim", "vmims"}),
      Custom(kv, "v1", "virtualmachineinstancereplicasets", "VirtualMachineInstanceReplicaSet",
             true, true, {"vmirs", "vmirss"}),
      Custom(kv, "v1", "kubevirts", "KubeVirt", true, true, {"kv", "kvs"}),
      Custom(cdi, "v1beta1", "datavolumes", "DataVolume", true, true, {"dv", "dvs"}),
      Custom(cdi, "v1beta1", "cdis", "CDI", false, false, {}),
      Custom(cdi, "v1beta1", "cdiconfigs", "CDIConfig", false, false),
      Custom(cdi, "v1beta1", "dataimportcrons", "DataImportCron", true, false, {"dic", "dics"}),
      Custom(cdi, "v1beta1", "datasources", "DataSource", true, false, {"das"}),
      Custom(cdi, "v1beta1", "storageprofiles", "StorageProfile", false, true),
      Custom(types, "v1beta1", "virtualmachineinstancetypes", "VirtualMachineInstancetype", true,
             false, {"vmf"}),
      Custom(types, "v1beta1", "virtualmachineclusterinstancetypes",
             "VirtualMachineClusterInstancetype", false, false, {"vmcf"}),
      Custom(types, "v1beta1", "virtualmachinepreferences", "VirtualMachinePreference", true, false,
             {"vmp"}),
      Custom(types, "v1beta1", "virtualmachineclusterpreferences",
             "VirtualMachineClusterPreference", false, false, {"vmcp"}),
      Custom(snapshot, "v1beta1", "virtualmachinesnapshots", "VirtualMachineSnapshot", true, true,
             {"vmsnapshot"}),
      Custom(snapshot, "v1beta1", "virtualmachinerestores", "VirtualMachineRestore", true, true,
             {"vmrestore"}),
      Custom("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool", true, true,
             {"vmpool"}),
      Custom("clone.kubevirt.io", "v1beta1", "virtualmachineclones", "VirtualMachineClone", true,
             true, {"vmclone"}),
      Custom("export.kubevirt.io", "v1", "virtualmachineexports", "VirtualMachineExport", true,
             true, {"vmexport"}),
      Custom("migrations.kubevirt.io", "v1alpha1", "migrationpolicies", "MigrationPolicy", false,
             true),
  };
}

Json CrdOf(const ServedResource& resource) {
  const auto& type = resource.type;
  Json version = {{"name", type.version},
                  {"served", true},
                  {"storage", true},
                  {"schema",
                   {{"openAPIV3Schema",
                     {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}};
  if (resource.has_status) version["subresources"] = {{"status", Json::object()}};
  Json names = {{"plural", type.plural},
                {"singular", Lower(type.kind)},
                {"kind", type.kind},
                {"listKind", type.kind + "List"}};
  if (!resource.short_names.empty()) names["shortNames"] = resource.short_names;
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", type.QualifiedName()}}},
          {"spec",
           {{"group", type.group},
            {"names", std::move(names)},
            {"scope", type.namespaced ? "Namespaced" : "Cluster"},
            {"versions", Json::array({std::move(version)})}}}};
}

Result<ServedResource> ResourceOfCrd(const Json& crd) {
  const Json& spec = ObjectOf(crd, "spec");
  const Json& names = ObjectOf(spec, "names");
  ServedResource resource;
  resource.custom = true;
  resource.type.group = TextOf(spec, "group");
  resource.type.plural = TextOf(names, "plural");
  resource.type.kind = TextOf(names, "kind");
  resource.type.namespaced = TextOf(spec, "scope") == "Namespaced";
  const Json* storage = StorageVersion(spec);
  if (storage == nullptr) return BadCrd("spec.versions: one must have storage: true");
  resource.type.version = TextOf(*storage, "name");
  if (resource.type.group.empty() || resource.type.plural.empty() || resource.type.kind.empty() ||
      resource.type.version.empty()) {
    return BadCrd("group, names.plural, names.kind and a version's name are required");
  }
  if (TextOf(ObjectOf(crd, "metadata"), "name") != resource.type.QualifiedName()) {
    return BadCrd("metadata.name must be " + resource.type.QualifiedName());
  }
  resource.has_status = ObjectOf(*storage, "subresources").contains("status");
  for (const auto& name : ArrayOf(names, "shortNames")) {
    if (name.is_string()) resource.short_names.push_back(name.get<std::string>());
  }
  return resource;
}

Json EstablishedStatus(const ServedResource& resource, const std::string& now) {
  const auto condition = [&](const char* type, const char* reason) {
    return Json{{"type", type},
                {"status", "True"},
                {"reason", reason},
                {"message", "served by the simulator"},
                {"lastTransitionTime", now}};
  };
  const Json crd = CrdOf(resource);
  return {{"acceptedNames", crd["spec"]["names"]},
          {"storedVersions", Json::array({resource.type.version})},
          {"conditions", Json::array({condition("NamesAccepted", "NoConflicts"),
                                      condition("Established", "InitialNamesAccepted")})}};
}

}  // namespace virtlens::sim
