// The API server of sim/ with real connections, a random history written to it through the API, and
// what goes wrong with it.
//
// Each kind has a marker: the object "mark" of namespace "marks". A page that shows the markers of
// a step has been told everything before it, because each resource is watched in order.
//
// Thread contract: one thread. Clock and random outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "http/transport.h"
#include "kube/client.h"
#include "sim/api_server/api_server.h"
#include "tests/oracle/history_world.h"

namespace virtlens::oracle {

class LiveCluster {
 public:
  LiveCluster(Clock& clock, Random& random);

  std::string kubeconfig() const { return server_->kubeconfig(); }

  // One random change, written to the API.
  void Change();
  // A CRD goes, and its objects with it; or the one that is gone comes back.
  void RemoveOrInstallCrd();
  // Something goes wrong: a fault of the API server, or of its connections. Returns its name.
  std::string Break();
  void GoDown();
  // The server works again; faults that have not hit yet still may.
  void Mend();

  // Writes all markers, and returns the lines that a page will show once it knows them.
  std::vector<std::string> Mark();
  // Every object, as the API lists it: kind -> objects.
  std::map<std::string, Json> List();

 private:
  void Write(const std::string& kind, const ObjectName& name, Json object);
  void Remove(const std::string& kind, const ObjectName& name);
  void Replace(const kube::ResourceType& type, Json object, const char* subresource);
  void NeedNamespace(const std::string& space);
  void MarkKind(const std::string& kind, Json object);
  std::vector<std::string> LinesOf(std::uint64_t mark) const;
  void AddFault();

  Random& random_;
  std::unique_ptr<sim::ApiServer> server_;
  std::unique_ptr<http::Transport> transport_;
  kube::Client client_;
  World world_;
  std::map<std::string, std::map<ObjectName, Json>> stored_;  // as the API answered last
  std::string absent_;                                        // the kind whose CRD is not installed
  std::uint64_t marks_ = 0;
  bool down_ = false;
  bool expired_ = false;  // the server's certificate
  bool stalled_ = false;  // a watch hangs, or will
};

}  // namespace virtlens::oracle
