#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace candor::net::test {

/// A server on 127.0.0.1, on a thread of its own, that hears one request, answers `first`, and then `again` without
/// end, as fast as it can, until the client is gone or the test ends.
class Flood {
 public:
  Flood(std::string first, std::string again);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  [[nodiscard]] std::string authority() const;  ///< "127.0.0.1:PORT"

 private:
  void serve(const std::string& first, const std::string& again);

  int listener_;
  std::atomic<int> client_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace candor::net::test
