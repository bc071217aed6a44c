#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "probes/kinds/kinds.h"
#include "probes/probe.h"
#include "tests/unit/net/fake_server.h"

namespace candor::probes::test {

using net::test::FakeRequest;
using net::test::FakeServer;
using net::test::http_answer;

/// What is wrong with a `[probe.http]`.
inline std::vector<std::string> problems_of(const std::string& http) {
  Problems problems;
  const auto document =
      Document::parse("[[probe]]\nname = \"a\"\n[probe.http]\n" + http + "\n", "candor.toml", problems);
  if (document) {
    (void)read_probe(document->root().tables("probe").front());
    document->refuse_unknown();
  }
  std::vector<std::string> all;
  for (const Problem& problem : problems.list()) all.push_back(problem.text());
  return all;
}

/// Runs http probes, as they are configured, against a server on the same loop.
class HttpProbeTest : public testing::Test {
 protected:
  std::unique_ptr<Probe> make(const std::string& http, const std::string& common = "timeout = \"5s\"") {
    Problems problems;
    const auto document = Document::parse("[[probe]]\nname = \"a\"\n" + common + "\n[probe.http]\n" + http + "\n",
                                          "candor.toml", problems);
    const ProbeConfig config = read_probe(document->root().tables("probe").front());
    document->refuse_unknown();
    for (const Problem& problem : problems.list()) ADD_FAILURE() << problem.text();
    return config.make({loop, transfers, names});
  }

  Outcome run(Probe& probe) {
    std::optional<Outcome> outcome;
    probe.run([&](Outcome result) {
      outcome = std::move(result);
      loop.stop();
    });
    EXPECT_FALSE(outcome) << "called back from inside run()";
    loop.run();
    return *std::move(outcome);
  }

  Outcome run(const std::string& http, const std::string& common = "timeout = \"5s\"") {
    const std::unique_ptr<Probe> probe = make(http, common);
    return run(*probe);
  }

  std::string url(const std::string& path = "/healthz") const { return "url = \"" + server.url(path) + "\"\n"; }
  const FakeRequest& last() const { return server.requests().back(); }

  net::Loop loop;
  std::optional<std::string> next = http_answer("200 OK", "all ok here");
  std::chrono::milliseconds delay{0};
  FakeServer server{loop, [this](const FakeRequest& request) {
                      for (const Stopwatch stopwatch; stopwatch.elapsed() < delay;) continue;
                      return request.head.starts_with("GET /redirect") ? http_answer("302 Found", "", location) : next;
                    }};
  std::string location;
  net::Transfers transfers{loop};
  net::Names names{loop};
};

}  // namespace candor::probes::test
