#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <systemd/sd-bus.h>

#include "tests/unit/folder.h"
#include "tests/unit/probes/probing.h"

namespace candor::probes {
namespace {

using namespace test;
using namespace std::chrono_literals;
using rules::Health;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Read read(const std::string& unit, const std::string& common = "timeout = \"10s\"") {
  return read_kind("unit", unit, common);
}

/// A system bus with a systemd on it, both of which the test plays.
class FakeBus {
 public:
  /// Answers a call of GetAll; below 0 leaves it without an answer.
  using Answer = std::function<int(sd_bus_message* call)>;

  FakeBus(const std::filesystem::path& folder, Answer answer) : answer_(std::move(answer)) {
    const std::string path = folder / "bus";
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const bool listens =
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(listener_, 8) == 0;
    EXPECT_TRUE(listens) << path;
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path).c_str(), 1);
  }
  ~FakeBus() {
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    drop();
    ::close(listener_);
  }
  FakeBus(const FakeBus&) = delete;
  FakeBus& operator=(const FakeBus&) = delete;

  void serve() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) add(fd);
    for (sd_bus* bus : peers_) {
      while (sd_bus_process(bus, nullptr) > 0) continue;
    }
  }
  void drop() {
    for (sd_bus* bus : peers_) sd_bus_close_unref(bus);
    peers_.clear();
  }

  std::vector<std::string> paths;  ///< that were asked about

 private:
  void add(int fd) {
    sd_bus* bus = nullptr;
    sd_bus_new(&bus);
    sd_bus_set_fd(bus, fd, fd);
    sd_id128_t id{};
    sd_id128_randomize(&id);
    sd_bus_set_server(bus, 1, id);
    sd_bus_set_trusted(bus, 1);
    sd_bus_add_filter(bus, nullptr, &FakeBus::take, this);
    EXPECT_GE(sd_bus_start(bus), 0);
    peers_.push_back(bus);
  }
  static int take(sd_bus_message* call, void* self, sd_bus_error*) {
    if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus", "Hello") > 0) {
      return sd_bus_reply_method_return(call, "s", ":1.1");
    }
    if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "GetAll") <= 0) return 0;
    auto& bus = *static_cast<FakeBus*>(self);
    bus.paths.emplace_back(sd_bus_message_get_path(call));
    bus.answer_(call);
    return 1;
  }

  Answer answer_;
  int listener_ = -1;
  std::vector<sd_bus*> peers_;
};

class UnitProbeTest : public Probing {
 protected:
  UnitProbeTest() {
    bus.emplace(folder, [this](sd_bus_message* call) { return answer(call); });
    serve = [this] {
      if (bus) bus->serve();
    };
  }
  ~UnitProbeTest() override { bus.reset(); }

  std::unique_ptr<Probe> make(const std::string& unit = "name = \"shop@1.service\"",
                              const std::string& common = "timeout = \"10s\"") {
    return Probing::make(read(unit, common));
  }

  using Probing::run;
  Outcome run(const std::string& common = "timeout = \"10s\"") {
    const std::unique_ptr<Probe> probe = make("name = \"shop@1.service\"", common);
    return run(*probe);
  }

  /// As systemd answers, with a property that no one asked for.
  int tell(sd_bus_message* call) const {
    return sd_bus_reply_method_return(
        call, "a{sv}", 9, "Id", "s", "shop@1.service", "After", "as", 2, "a", "b", "LoadState", "s", "loaded",
        "ActiveState", "s", active.c_str(), "SubState", "s", "running", "Result", "s", "signal", "StateChangeTimestamp",
        "t", std::uint64_t{1795412641000000}, "NRestarts", "u", restarts, "ExecMainCode", "i", 2);
  }

  Folder scratch;
  const std::filesystem::path& folder = scratch.path();
  std::string active = "active";
  std::uint32_t restarts = 0;
  FakeBus::Answer answer = [this](sd_bus_message* call) { return tell(call); };
  std::optional<FakeBus> bus;
};

TEST_F(UnitProbeTest, reads_the_state_of_a_unit) {
  const Outcome ok = run();
  EXPECT_EQ(ok.health, Health::ok) << ok.evidence;
  EXPECT_THAT(bus->paths, ElementsAre("/org/freedesktop/systemd1/unit/shop_401_2eservice"));
  EXPECT_GT(ok.phases.total, 0us);
  active = "failed";
  const Outcome failed = run();
  EXPECT_EQ(failed.health, Health::failing);
  EXPECT_EQ(
      timeless(failed.evidence),
      "unit shop@1.service is failed (Result=signal, signal 0) since 23 November 2026, 05:44 UTC (systemd's answer "
      "after …)");
}

TEST_F(UnitProbeTest, counts_restarts_from_run_to_run) {
  const std::unique_ptr<Probe> probe = make("name = \"shop@1.service\"\ndegraded_above_restarts = 1");
  EXPECT_EQ(run(*probe).health, Health::ok);
  ++restarts;
  EXPECT_EQ(run(*probe).health, Health::ok);
  ++restarts;
  const Outcome outcome = run(*probe);
  EXPECT_EQ(outcome.health, Health::degraded);
  EXPECT_THAT(outcome.evidence, HasSubstr("was restarted 2 times or more within 10m"));
}

TEST_F(UnitProbeTest, tells_errors_of_the_bus_and_of_systemd_apart) {
  std::string error;
  answer = [&](sd_bus_message* call) { return sd_bus_reply_method_errorf(call, error.c_str(), "it \x1B[31msaid\n"); };
  error = "org.freedesktop.systemd1.NoSuchUnit";
  EXPECT_EQ(run().health, Health::failing);
  EXPECT_EQ(timeless(run().evidence), "unit shop@1.service is not known to systemd (systemd's answer after …)");
  error = SD_BUS_ERROR_SERVICE_UNKNOWN;
  EXPECT_EQ(run().health, Health::unknown);
  EXPECT_THAT(run().evidence, HasSubstr("systemd is not on the system bus"));
  error = SD_BUS_ERROR_ACCESS_DENIED;
  EXPECT_THAT(run().evidence, HasSubstr("allow it in a policy of /etc/dbus-1/system.d"));
  error = "org.example.Other";
  EXPECT_THAT(run().evidence, HasSubstr("systemd answers \"it  [31msaid \""));
}

TEST_F(UnitProbeTest, cannot_tell_from_an_answer_of_another_form) {
  answer = [](sd_bus_message* call) { return sd_bus_reply_method_return(call, "s", "active"); };
  EXPECT_THAT(run().evidence, HasSubstr("systemd's answer cannot be read"));
  answer = [](sd_bus_message* call) { return sd_bus_reply_method_return(call, "a{sv}", 1, "ActiveState", "u", 1); };
  EXPECT_THAT(run().evidence, HasSubstr("systemd's answer cannot be read"));
  answer = [](sd_bus_message* call) { return sd_bus_reply_method_return(call, "a{sv}", 0); };
  const Outcome empty = run();
  EXPECT_EQ(empty.health, Health::unknown);
  EXPECT_THAT(empty.evidence, HasSubstr("systemd's answer cannot be read"));
}

TEST_F(UnitProbeTest, cannot_tell_without_an_answer_in_time) {
  answer = [](sd_bus_message*) { return 0; };
  const Outcome outcome = run("timeout = \"60ms\"");
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence, "state of unit shop@1.service: systemd did not answer within 60 ms");
}

TEST_F(UnitProbeTest, cannot_tell_where_the_connection_ends) {
  answer = [this](sd_bus_message*) {
    loop.post([this] { bus->drop(); });
    return 0;
  };
  const Outcome outcome = run();
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_THAT(outcome.evidence, HasSubstr("the system bus ended the connection: dbus-daemon wants a user"));
}

TEST_F(UnitProbeTest, says_what_to_do_where_there_is_no_bus) {
  bus.reset();
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + (folder / "none").string()).c_str(), 1);
  const Outcome outcome = run();
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  EXPECT_EQ(outcome.health, Health::unknown);
  EXPECT_EQ(outcome.evidence,
            "state of unit shop@1.service: cannot connect to the system bus: No such file or directory; install and "
            "start dbus on a machine that systemd runs");
}

TEST_F(UnitProbeTest, leaves_nothing_open) {
  const auto open = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
  };
  const std::unique_ptr<Probe> probe = make();
  EXPECT_EQ(run(*probe).health, Health::ok);
  bus->drop();
  const auto before = open();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(*probe).health, Health::ok);
  bus->drop();
  EXPECT_EQ(open(), before);
}

TEST_F(UnitProbeTest, ends_in_silence_when_destroyed) {
  std::unique_ptr<Probe> probe = make();
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  probe.reset();
  loop.poll();
  probe = make();
  probe->run([](const Outcome&) { FAIL() << "the probe is gone"; });
  answer = [](sd_bus_message*) { return 0; };
  for (const Stopwatch watch; bus->paths.empty() && watch.elapsed() < 20s;) {
    loop.poll();
    bus->serve();
  }
  EXPECT_FALSE(bus->paths.empty());
  probe.reset();
  loop.poll();
}

TEST_F(UnitProbeTest, may_run_again_or_be_destroyed_when_it_calls_back) {
  std::unique_ptr<Probe> probe = make();
  int runs = 0;
  probe->run([&](const Outcome&) {
    ++runs;
    probe->run([&](const Outcome&) {
      ++runs;
      probe.reset();
    });
  });
  for (const Stopwatch watch; probe && watch.elapsed() < 20s;) {
    loop.poll();
    bus->serve();
  }
  EXPECT_EQ(runs, 2);
}

TEST(ReadUnit, refuses_what_is_no_unit) {
  EXPECT_THAT(read("").problems, ElementsAre(HasSubstr("name is missing")));
  for (const char* name : {"postgresql", ".service", "a b.service", "a/b.service", "@x.service", "x.services"}) {
    EXPECT_THAT(read("name = \"" + std::string{name} + "\"").problems,
                ElementsAre(HasSubstr("name is not a unit's (with its suffix, such as \"postgresql.service\")")))
        << name;
  }
  EXPECT_THAT(read("name = \"postgresql@.service\"").problems, ElementsAre(HasSubstr("a template's")));
  EXPECT_THAT(read("name = 'dev-disk-by\\x2duuid.swap'").problems, IsEmpty());
  EXPECT_THAT(read("name = \"a.mount\"\ndegraded_above_restarts = 1").problems,
              ElementsAre(HasSubstr("services only")));
}

TEST(ReadUnit, notices_every_change) {
  const std::string base = "name = \"a.service\"\n";
  const std::string same = read(base).probe.fingerprint;
  EXPECT_NE(read("name = \"b.service\"").probe.fingerprint, same);
  const std::string limited = read(base + "degraded_above_restarts = 0").probe.fingerprint;
  EXPECT_NE(limited, same);
  EXPECT_NE(read(base + "degraded_above_restarts = 0\nrestarts_within = \"1m\"").probe.fingerprint, limited);
  EXPECT_EQ(read(base + "degraded_above_restarts = 0\nrestarts_within = \"10m\"").probe.fingerprint, limited);
}

}  // namespace
}  // namespace candor::probes
