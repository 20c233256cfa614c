// Cuts a stream of JSON into Kubernetes objects: single ones, several behind one another (jq -c),
// Lists, Lists in Lists, and arrays of objects (jq .items).
//
// Memory: one object. Lists above kMaxItemBytes are cut while they are read; below, they are read
// whole first. Items that leave out their kind (as built-in types do in raw API answers) get it
// from their List, as client-go does; they wait for the List's end when its kind comes last.
//
// Thread contract: one thread per instance. Views live until the callback returns and have
// kube::kItemPadding readable bytes behind them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace virtlens::tools {

class JsonObjects {
 public:
  // False: it does not decode. What is no Kubernetes object (no apiVersion or kind) is not handed
  // over but counted.
  using OnObject = std::function<bool(std::string_view object)>;
  explicit JsonObjects(OnObject on_object);
  ~JsonObjects();
  JsonObjects(const JsonObjects&) = delete;
  JsonObjects& operator=(const JsonObjects&) = delete;

  // kDecode: "LINE: what is wrong". Objects before it have been handed over.
  Result<void> Feed(std::string_view bytes);
  // kDecode when something is left open.
  Result<void> Finish();

  std::size_t foreign() const;  // JSON objects that are no Kubernetes objects

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace virtlens::tools
