#include "base/net/transfers.h"

#include <memory>
#include <optional>
#include <sys/resource.h>
#include <vector>

#include <curl/curl.h>
#include <gtest/gtest.h>

#include "base/net/easy.h"
#include "tests/unit/net/fake_server.h"
#include "tests/unit/net/flood.h"

namespace candor::net {
namespace {

using test::FakeRequest;
using test::FakeServer;
using test::http_answer;

std::size_t drop(const char*, std::size_t, std::size_t size, void*) { return size; }

class TransfersTest : public testing::Test {
 protected:
  std::unique_ptr<Easy> easy_for(const std::string& url) {
    auto easy = std::make_unique<Easy>();
    curl_easy_setopt(easy->get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy->get(), CURLOPT_WRITEFUNCTION, &drop);
    return easy;
  }

  /// Why the transfer failed; nothing if it did not.
  Failure run(Easy& easy) {
    std::optional<int> code;
    transfers.start(easy.get(), "127.0.0.1", [&](int result) {
      code = result;
      loop.stop();
    });
    loop.run();
    return code == CURLE_OK ? Failure{} : easy.failure(code.value_or(-1));
  }

  Loop loop;
  FakeServer server{loop, [](const FakeRequest&) { return http_answer("200 OK", "fine"); }};
  FakeServer mute{loop, [](const FakeRequest&) { return std::nullopt; }};
  Transfers transfers{loop};
};

TEST_F(TransfersTest, calls_done_from_the_loop_and_never_from_inside_start) {
  const auto easy = easy_for(server.url());
  std::optional<int> code;
  transfers.start(easy->get(), "127.0.0.1", [&](int result) {
    code = result;
    loop.stop();
  });
  EXPECT_FALSE(code);
  EXPECT_EQ(transfers.running(), 1U);
  loop.run();
  EXPECT_EQ(code, CURLE_OK);
  EXPECT_EQ(transfers.running(), 0U);
}

TEST_F(TransfersTest, reports_a_refused_connection_from_the_loop) {
  const auto easy = easy_for("http://127.0.0.1:" + std::to_string(test::closed_port()));
  std::optional<int> code;
  transfers.start(easy->get(), "127.0.0.1", [&](int result) {
    code = result;
    loop.stop();
  });
  EXPECT_FALSE(code);
  loop.run();
  EXPECT_EQ(code, CURLE_COULDNT_CONNECT);
  EXPECT_EQ(easy->failure(*code).reason, "Connection refused");
}

TEST_F(TransfersTest, ends_a_transfer_whose_time_is_over) {
  const auto easy = easy_for(mute.url());
  curl_easy_setopt(easy->get(), CURLOPT_TIMEOUT_MS, 50L);
  std::optional<int> code;
  transfers.start(easy->get(), "127.0.0.1", [&](int result) {
    code = result;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(code, CURLE_OPERATION_TIMEDOUT);
}

/// libcurl reads on within one call, and looks at no time limit in it.
TEST_F(TransfersTest, breaks_off_a_call_that_a_peer_keeps_busy) {
  using namespace std::string_literals;
  const std::string settings = "\0\0\0\4\0\0\0\0\0"s;
  const std::string head = "\0\0\1\1\4\0\0\0\1\x88"s;  // of an answer 200 on the first stream
  const std::string nothing = "\0\0\0\0\0\0\0\0\1"s;   // a DATA frame of no bytes
  test::Flood frames{settings + head, nothing};
  test::Flood refusal{"HTTP/1.1 407 No\r\nContent-Length: 999999999999\r\n\r\n", "no "};

  const auto another = easy_for(mute.url());
  transfers.start(another->get(), "127.0.0.1", [](int code) { ADD_FAILURE() << "it was not the one: " << code; });

  const auto over_http2 = easy_for("http://" + frames.authority() + "/");
  over_http2->speak_http2(false);
  EXPECT_EQ(run(*over_http2).reason, "it sent without end");

  const auto by_proxy = easy_for("https://pay.acme.example/");
  curl_easy_setopt(by_proxy->get(), CURLOPT_PROXY, ("http://" + refusal.authority()).c_str());
  EXPECT_EQ(run(*by_proxy).reason, "the proxy answered HTTP 407 to CONNECT");

  EXPECT_EQ(run(*easy_for(server.url())).reason, "") << "the next transfer is as any other";
  EXPECT_EQ(transfers.running(), 1U) << "and so is one that was under way";
  transfers.cancel(another->get());
}

TEST_F(TransfersTest, asks_of_each_redirect_before_it_is_followed) {
  FakeServer sender{loop, [this](const FakeRequest&) {
                      return http_answer("307 Temporary Redirect", "", "Location: " + server.url("/in") + "\r\n");
                    }};
  const auto easy = easy_for(sender.url());
  curl_easy_setopt(easy->get(), CURLOPT_FOLLOWLOCATION, 1L);
  std::vector<Redirect> asked;
  std::string why;
  easy->on_redirect([&](const Redirect& redirect) {
    asked.push_back(redirect);
    return why;
  });
  EXPECT_EQ(run(*easy).reason, "");
  ASSERT_EQ(asked.size(), 2U) << "before it connects, and before the request leaves";
  EXPECT_EQ(asked.front().status, 307);
  EXPECT_EQ(asked.front().url, server.url("/in"));
  EXPECT_EQ(asked.front().sender, "127.0.0.1");
  EXPECT_EQ(asked.front().target, "127.0.0.1");

  why = "not there";
  easy->begin();
  const Failure failure = run(*easy);
  EXPECT_EQ(failure.stage, Failure::Stage::redirect);
  EXPECT_EQ(failure.reason, "not there");
  EXPECT_EQ(asked.size(), 3U) << "the connection was open";
  EXPECT_EQ(asked.back().target, "127.0.0.1");
  server.drop_connections();
  loop.poll();
  easy->begin();
  EXPECT_EQ(run(*easy).reason, "not there");
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.connections(), 1);

  why.clear();
  easy->begin();
  EXPECT_EQ(run(*easy).reason, "") << "the next transfer is as any other";
}

TEST_F(TransfersTest, names_no_port_that_nobody_asked_for) {
  using namespace std::string_literals;
  test::Flood refusal{"\0\x5b\0\0\0\0\0\0"s, "no "};
  const auto by_proxy = easy_for("http://127.0.0.1:1/");
  curl_easy_setopt(by_proxy->get(), CURLOPT_PROXY, ("socks4://" + refusal.authority()).c_str());
  EXPECT_EQ(run(*by_proxy).reason, "the proxy answered \"request rejected or failed\"");
}

TEST_F(TransfersTest, takes_no_answer_to_connect_without_end) {
  test::Flood head{"HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"};
  const auto by_proxy = easy_for("https://pay.acme.example/");
  curl_easy_setopt(by_proxy->get(), CURLOPT_PROXY, ("http://" + head.authority()).c_str());
  EXPECT_EQ(run(*by_proxy).reason, "the proxy's answer to CONNECT is too long");
}

TEST_F(TransfersTest, takes_no_trailers_without_end) {
  test::Flood trailers{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-More: and more\r\n"};
  const Failure failure = run(*easy_for("http://" + trailers.authority() + "/"));
  EXPECT_EQ(failure.stage, Failure::Stage::answer);
  EXPECT_EQ(failure.reason, "its trailers are too long");
}

TEST_F(TransfersTest, restarts_a_handle_inside_done_on_the_same_connection) {
  const auto easy = easy_for(server.url());
  int runs = 0;
  std::function<void(int)> again = [&](int code) {
    EXPECT_EQ(code, CURLE_OK);
    if (++runs == 50) return loop.stop();
    transfers.start(easy->get(), "127.0.0.1", again);
  };
  transfers.start(easy->get(), "127.0.0.1", again);
  loop.run();
  EXPECT_EQ(runs, 50);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(TransfersTest, keeps_connections_to_ever_so_many_servers) {
  constexpr int many = 300;
  std::vector<std::unique_ptr<Easy>> handles;
  for (int i = 0; i < many; ++i) handles.push_back(easy_for(server.url()));
  for (int round = 0; round < 2; ++round) {
    int ended = 0;
    for (int i = 0; i < many; ++i) {
      transfers.start(handles[static_cast<std::size_t>(i)]->get(), "server " + std::to_string(i), [&](int code) {
        EXPECT_EQ(code, CURLE_OK);
        if (++ended == many) loop.stop();
      });
    }
    loop.run();
    EXPECT_EQ(server.connections(), many) << "those of the first round";
  }
}

TEST_F(TransfersTest, leaves_descriptors_to_others_however_many_servers_there_are) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{256, before.rlim_max};  // this process holds the servers' ends too
  setrlimit(RLIMIT_NOFILE, &few);
  {
    Transfers frugal{loop};
    for (int i = 0; i < 400; ++i) {
      const auto easy = easy_for(server.url());
      std::optional<int> code;
      frugal.start(easy->get(), "server " + std::to_string(i), [&](int result) {
        code = result;
        loop.stop();
      });
      loop.run();
      ASSERT_EQ(code, CURLE_OK) << i;
    }
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(TransfersTest, cleans_a_handle_up_inside_done) {
  auto easy = easy_for(server.url());
  transfers.start(easy->get(), "127.0.0.1", [&](int) {
    easy.reset();
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(easy);
}

TEST_F(TransfersTest, runs_many_at_once) {
  constexpr int many = 300;
  std::vector<std::unique_ptr<Easy>> handles;
  int ended = 0;
  for (int i = 0; i < many; ++i) {
    handles.push_back(easy_for(server.url("/" + std::to_string(i))));
    transfers.start(handles.back()->get(), "127.0.0.1", [&](int code) {
      EXPECT_EQ(code, CURLE_OK);
      if (++ended == many) loop.stop();
    });
  }
  EXPECT_EQ(transfers.running(), static_cast<std::size_t>(many));
  loop.run();
  EXPECT_EQ(ended, many);
  EXPECT_EQ(server.requests().size(), static_cast<std::size_t>(many));
}

TEST_F(TransfersTest, keeps_idle_connections_for_the_next_transfers) {
  constexpr int many = 40;
  std::vector<std::unique_ptr<Easy>> handles;
  for (int i = 0; i < many; ++i) handles.push_back(easy_for(server.url()));
  for (int round = 0; round < 3; ++round) {
    int ended = 0;
    for (const auto& easy : handles) {
      transfers.start(easy->get(), "127.0.0.1", [&](int) {
        if (++ended == many) loop.stop();
      });
    }
    loop.run();
  }
  EXPECT_EQ(server.requests().size(), 3U * many);
  EXPECT_LE(server.connections(), many);
}

TEST_F(TransfersTest, finds_new_ways_when_the_server_has_closed_idle_connections) {
  const auto easy = easy_for(server.url());
  for (int round = 0; round < 3; ++round) {
    std::optional<int> code;
    transfers.start(easy->get(), "127.0.0.1", [&](int result) {
      code = result;
      loop.stop();
    });
    loop.run();
    EXPECT_EQ(code, CURLE_OK);
    server.drop_connections();
    loop.poll();
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(TransfersTest, cancel_ends_a_transfer_in_silence_and_gives_the_handle_back) {
  const auto easy = easy_for(mute.url());
  transfers.start(easy->get(), "127.0.0.1", [](int) { FAIL() << "was cancelled"; });
  loop.poll();
  transfers.cancel(easy->get());
  transfers.cancel(easy->get());
  EXPECT_EQ(transfers.running(), 0U);

  curl_easy_setopt(easy->get(), CURLOPT_URL, server.url().c_str());
  std::optional<int> code;
  transfers.start(easy->get(), "127.0.0.1", [&](int result) {
    code = result;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(code, CURLE_OK);
}

TEST_F(TransfersTest, a_done_may_cancel_others_even_ended_ones) {
  constexpr int many = 20;
  std::vector<std::unique_ptr<Easy>> handles;
  int calls = 0;
  for (int i = 0; i < many; ++i) handles.push_back(easy_for(server.url()));
  for (const auto& easy : handles) {
    transfers.start(easy->get(), "127.0.0.1", [&](int) {
      ++calls;
      for (const auto& each : handles) transfers.cancel(each->get());
      loop.stop();
    });
  }
  loop.run();
  loop.poll();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(transfers.running(), 0U);
}

TEST_F(TransfersTest, refuses_to_start_what_is_under_way) {
  const auto easy = easy_for(mute.url());
  transfers.start(easy->get(), "127.0.0.1", [](int) {});
  EXPECT_THROW(transfers.start(easy->get(), "127.0.0.1", [](int) {}), std::logic_error);
  EXPECT_EQ(transfers.running(), 1U);
}

TEST_F(TransfersTest, destroys_with_transfers_under_way) {
  const auto easy = easy_for(mute.url());
  {
    Transfers brief{loop};
    brief.start(easy->get(), "127.0.0.1", [](int) { FAIL() << "was destroyed"; });
    loop.poll();
  }
  loop.poll();
  EXPECT_EQ(easy->peer(), mute.authority());
}

}  // namespace
}  // namespace candor::net
