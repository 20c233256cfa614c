// The data of one ConfigMap or Secret, asked for once a minute by a thread of its own: authorities
// and certificates, which KubeVirt renews with days of overlap.
//
// What was read stays good while the API server is away. Failures are retried after 1 s, then
// twice as long each time, up to a minute; of an object that may be missing, ten minutes. The log
// says once what is wrong, and never what was read.
//
// Limits: a value is PEM of at most 1 MiB.
//
// Thread contract: Start, RequestStop and Join by one thread. `on_answer` is called on the thread
// of the object: after the first answer and after each change. References outlive it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"

namespace virtlens::exporter {

struct ObjectDataWanted {
  kube::ResourceType type;  // configmaps or secrets, whose values are base64
  std::string space;
  std::string name;
  std::vector<std::string> keys;
  bool optional = false;      // that it cannot be read is no fault
  std::string_view remedy{};  // for the log
};

class ObjectData {
 public:
  // One value a key; empty when nothing could be read yet.
  using OnAnswer = std::function<void(std::vector<std::string> values)>;

  ObjectData(ObjectDataWanted wanted, kube::Client& client, Clock& clock, OnAnswer on_answer);

  void Start();
  void RequestStop() { thread_.request_stop(); }
  void Join();

 private:
  void Run(const std::stop_token& stop);
  Result<std::vector<std::string>> Read(const std::stop_token& stop);
  Result<std::string> ValueOf(const nlohmann::json& object, const std::string& key) const;
  void Complain(const std::string& error) const;

  const ObjectDataWanted wanted_;
  kube::Client& client_;
  Clock& clock_;
  const OnAnswer on_answer_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace virtlens::exporter
