#include "sim/actor/installation.h"

namespace virtlens::sim::actor {
namespace {

Json OperatorConditions(std::string_view reason, std::string_view message, WallTime now) {
  Json all = Json::array();
  for (const auto& [type, status] :
       {std::pair{"Available", "True"}, std::pair{"Progressing", "False"},
        std::pair{"Degraded", "False"}}) {
    all.push_back({{"type", type},
                   {"status", status},
                   {"reason", reason},
                   {"message", message},
                   {"lastProbeTime", Stamp(now)},
                   {"lastHeartbeatTime", Stamp(now)},
                   {"lastTransitionTime", Stamp(now)}});
  }
  return all;
}

InstalledObject MakeNamespace(std::string_view name) {
  return {{DefaultType(Kind::kNamespace),
           {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}},
          nullptr};
}

}  // namespace

OtherObject MakeCaConfigMap(std::string_view kubevirt_namespace, std::string_view ca_pem) {
  const kube::ResourceType type{"", "v1", "configmaps", "ConfigMap", true};
  return {type,
          {{"apiVersion", type.ApiVersion()},
           {"kind", type.kind},
           {"metadata", {{"name", "kubevirt-ca"}, {"namespace", kubevirt_namespace}}},
           {"data", {{"ca-bundle", ca_pem}}}}};
}

std::vector<InstalledObject> PlatformObjects(std::string_view kubevirt_namespace, WallTime now) {
  const kube::ResourceType kubevirt{"kubevirt.io", "v1", "kubevirts", "KubeVirt", true};
  const kube::ResourceType cdi{"cdi.kubevirt.io", "v1beta1", "cdis", "CDI", false};
  Json kubevirt_status = {
      {"phase", "Deployed"},
      {"operatorVersion", "v1.7.0"},
      {"observedKubeVirtVersion", "v1.7.0"},
      {"targetKubeVirtVersion", "v1.7.0"},
      {"defaultArchitecture", "amd64"},
      {"outdatedVirtualMachineInstanceWorkloads", 0},
      {"conditions", OperatorConditions("AllComponentsReady", "All components are ready.", now)}};
  Json cdi_status = {
      {"phase", "Deployed"},
      {"operatorVersion", "v1.65.0"},
      {"observedVersion", "v1.65.0"},
      {"targetVersion", "v1.65.0"},
      {"conditions", OperatorConditions("DeployCompleted", "Deployment Completed", now)}};
  std::vector<InstalledObject> all = {MakeNamespace(kubevirt_namespace), MakeNamespace("cdi")};
  all.push_back({{kubevirt,
                  {{"apiVersion", kubevirt.ApiVersion()},
                   {"kind", kubevirt.kind},
                   {"metadata", {{"name", "kubevirt"}, {"namespace", kubevirt_namespace}}},
                   {"spec", Json::object()}}},
                 std::move(kubevirt_status)});
  all.push_back({{cdi,
                  {{"apiVersion", cdi.ApiVersion()},
                   {"kind", cdi.kind},
                   {"metadata", {{"name", "cdi"}}},
                   {"spec", Json::object()}}},
                 std::move(cdi_status)});
  return all;
}

}  // namespace virtlens::sim::actor
