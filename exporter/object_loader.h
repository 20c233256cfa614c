// Rows from files instead of an API server: what `virtlens series` and golden tests read.
//
// Thread contract: one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/decode/decode.h"
#include "exporter/store.h"

namespace virtlens::exporter {

// What became of one object.
enum class Loaded {
  kTaken,
  kIgnored,    // a kind that no family reads
  kMalformed,  // does not decode; said in the log with its name
};

// Decodes one JSON object by its apiVersion and kind and puts it into the store. Objects of kind
// List (and SomethingList) are not unpacked here.
Loaded LoadObject(std::string_view json, Decoder& decoder, Store& store);

}  // namespace virtlens::exporter
