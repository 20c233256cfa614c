// The store of an exporter, filled with objects as its sources would, and the log of it: one JSON
// object a line of what the store was told, and each page that a scraper would get:
//
//   {"op":"put","at":1700000005000000,"object":{…}}
//   {"op":"delete","at":…,"kind":"VirtualMachine","namespace":"web","name":"vm1"}
//   {"op":"list","at":…,"kind":…,"objects":[…]}     the state of the kind is exactly this
//   {"op":"watch","at":…,"state":"starting|current|blind"}
//   {"op":"restart","at":…}                          from what the state file holds
//   {"op":"page","at":…,"lines":412}                 followed by that many lines of text
//
// `at` is in microseconds since 1970. An object that does not decode ends the process: tests write
// only good ones.
//
// Thread contract: one thread.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exporter/decode/decode.h"
#include "exporter/store.h"

namespace virtlens::oracle {

using Json = nlohmann::json;

struct ObjectName {
  std::string space;  // "" for a Namespace
  std::string name;
  auto operator<=>(const ObjectName&) const = default;
};

class Feed {
 public:
  Feed(Clock& clock, std::ostream& log);

  // The kinds that it takes.
  std::vector<std::string> Kinds() const;

  // The exporter ends, and starts again from what was saved last. It must be listed everything, and
  // then set to current.
  void Restart();
  void SetWatch(exporter::UsageWatch watch);
  void Put(const Json& object);
  void Delete(const std::string& kind, const ObjectName& name);
  void List(const std::string& kind, const std::map<ObjectName, Json>& objects);
  // What the exporter's UsageKeeper does once a second.
  void Save();
  // Saves and scrapes.
  void Page();
  // A line of the log that is no word to the store.
  void Log(Json line);

 private:
  struct Kind {
    std::function<void(exporter::Inventory&, const exporter::ObjectKey&, exporter::Micros)> remove;
    std::function<void(exporter::Inventory&, exporter::Decoder&, const std::map<ObjectName, Json>&,
                       exporter::Micros)>
        replace;
  };
  template <class Row>
  static Kind KindOf(Result<Row> (exporter::Decoder::*decode)(std::string_view));
  static Kind KindOf(const char* group, const char* name);  // of a custom resource
  static std::map<std::string, Kind> AllKinds();

  Clock& clock_;
  std::ostream& log_;
  exporter::Decoder decoder_;
  const std::map<std::string, Kind> kinds_ = AllKinds();
  std::unique_ptr<exporter::Store> store_;
  std::string saved_;  // the state file's text
};

}  // namespace virtlens::oracle
