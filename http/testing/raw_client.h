// A blocking TCP client that says exactly what a test tells it to, also what is not HTTP.
//
// Thread contract: one thread. A read that waits 30 s fails, so that a broken server cannot hang a
// test run.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace virtlens::http::testing {

class RawClient {
 public:
  // `receive_buffer` > 0: a small one, so that the server's writes fill up early.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{30, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (receive_buffer > 0) {
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : socket_(other.socket_), connected_(other.connected_), buffer_(std::move(other.buffer_)) {
    other.socket_ = -1;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { Close(); }

  bool connected() const { return connected_; }

  void Close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Up to and with `end`; what came when the connection ended before.
  std::string ReadUntil(std::string_view end) {
    std::size_t from = 0;  // what was searched before is not searched again
    while (true) {
      const std::size_t at = buffer_.find(end, from);
      if (at != std::string::npos) return Cut(at + end.size());
      from = buffer_.size() - std::min(buffer_.size(), end.size());
      if (!Fill()) return Cut(buffer_.size());
    }
  }
  std::string ReadExactly(std::size_t size) {
    while (buffer_.size() < size && Fill()) {
    }
    return Cut(std::min(size, buffer_.size()));
  }
  std::string ReadToEnd() {
    while (Fill()) {
    }
    return Cut(buffer_.size());
  }

  // Status line and fields, then a body of Content-Length into `body`.
  std::string ReadResponse(std::string* body) {
    std::string head = ReadUntil("\r\n\r\n");
    const std::string_view name = "Content-Length: ";
    const std::size_t at = head.find(name);
    body->clear();
    if (at != std::string::npos) {
      *body = ReadExactly(std::strtoul(head.c_str() + at + name.size(), nullptr, 10));
    }
    return head;
  }

 private:
  std::string Cut(std::size_t size) {
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }
  bool Fill() {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace virtlens::http::testing
