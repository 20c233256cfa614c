// The bytes of a response around its body: status line, fields, chunk heads.
//
// Internal to the http room. Thread contract: pure functions.
// Rules: RFC 9112 sections 4 to 7, RFC 9110 section 5.5 (no CR or LF in a field).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace virtlens::http {

struct HeadOptions {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool bodiless = false;  // 204 and 304 carry no Content-Length
  std::optional<std::size_t> content_length{};
};

std::string MakeHead(const Response& response, std::string_view reason, const HeadOptions& options);
bool WantsClose(const Headers& headers);

// Of a string or buffers body.
std::size_t BodySize(const Body& body);
std::vector<std::string_view> BodyPieces(const Body& body);

// "1a2b\r\n"
std::string ChunkHead(std::size_t size);

}  // namespace virtlens::http
