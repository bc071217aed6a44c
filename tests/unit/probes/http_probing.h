#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/net/fake_server.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes::test {

using net::test::FakeRequest;
using net::test::FakeServer;
using net::test::http_answer;

/// What is wrong with a `[probe.http]`.
inline std::vector<std::string> problems_of(const std::string& http) { return read_kind("http", http).problems; }

/// Runs http probes, as they are configured, against a server on the same loop.
class HttpProbeTest : public Probing {
 protected:
  std::unique_ptr<Probe> make(const std::string& http, const std::string& common = "timeout = \"5s\"") {
    return Probing::make(read_kind("http", http, common));
  }
  using Probing::run;
  Outcome run(const std::string& http, const std::string& common = "timeout = \"5s\"") {
    const std::unique_ptr<Probe> probe = make(http, common);
    return run(*probe);
  }

  std::string url(const std::string& path = "/healthz") const { return "url = \"" + server.url(path) + "\"\n"; }
  const FakeRequest& last() const { return server.requests().back(); }

  std::optional<std::string> next = http_answer("200 OK", "all ok here");
  std::chrono::milliseconds delay{0};
  FakeServer server{loop, [this](const FakeRequest& request) {
                      for (const Stopwatch stopwatch; stopwatch.elapsed() < delay;) continue;
                      return request.head.starts_with("GET /redirect") ? http_answer("302 Found", "", location) : next;
                    }};
  std::string location;
};

}  // namespace candor::probes::test
