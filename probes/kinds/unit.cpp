#include "probes/kinds/unit.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include "base/utf8.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};

std::string no_bus_words(int error) {
  const bool missing = error == ENOENT || error == ECONNREFUSED;
  return fmt::format("cannot connect to the system bus: {}; {}", error_words(error),
                     missing ? "install and start dbus on a machine that systemd runs"
                             : "candord's user and unit must be able to open /run/dbus/system_bus_socket");
}

/// One value of a property, whatever its type; answers below 0 where the message is none.
int read_value(sd_bus_message* message, std::string_view name, UnitState& state) {
  const auto text = [&](std::string& into) {
    const char* value = nullptr;
    const int read = sd_bus_message_read(message, "v", "s", &value);
    if (read >= 0 && value != nullptr) into = value;
    return read;
  };
  if (name == "LoadState") return text(state.load);
  if (name == "ActiveState") return text(state.active);
  if (name == "SubState") return text(state.sub);
  if (name == "Result") return text(state.result);
  if (name == "ExecMainCode") return sd_bus_message_read(message, "v", "i", &state.exit_code);
  if (name == "ExecMainStatus") return sd_bus_message_read(message, "v", "i", &state.exit_status);
  if (name == "StateChangeTimestamp") {
    std::uint64_t microseconds = 0;
    const int read = sd_bus_message_read(message, "v", "t", &microseconds);
    // Any year of four digits; systemd's "never" is beyond.
    if (microseconds < 253'402'300'800'000'000U) state.since = from_ms(static_cast<std::int64_t>(microseconds / 1000));
    return read;
  }
  if (name == "NRestarts") {
    std::uint32_t count = 0;
    const int read = sd_bus_message_read(message, "v", "u", &count);
    if (read >= 0) state.restarts = count;
    return read;
  }
  return sd_bus_message_skip(message, "v");
}

std::optional<UnitState> read_properties(sd_bus_message* message) {
  UnitState state;
  if (sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}") < 0) return std::nullopt;
  for (;;) {
    const int more = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
    if (more < 0) return std::nullopt;
    if (more == 0) break;
    const char* name = nullptr;
    if (sd_bus_message_read(message, "s", &name) < 0 || read_value(message, name, state) < 0) return std::nullopt;
    if (sd_bus_message_exit_container(message) < 0) return std::nullopt;
  }
  return state.active.empty() ? std::nullopt : std::optional{state};
}

/// One question on a connection of its own. What waits on the loop keeps it.
struct Exchange : std::enable_shared_from_this<Exchange> {
  explicit Exchange(asio::io_context& context) : descriptor(context) {}
  ~Exchange() { close(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void start(const std::string& unit, Duration timeout);
  void pump();
  void wait(Descriptor::wait_type what, bool& waits);
  void take(sd_bus_message* reply);
  void fail(std::string why) {
    seen.untold = std::move(why);
    over = true;
  }
  void close() {
    if (descriptor.is_open()) descriptor.release();  // it is the bus's to close
    bus.reset();
    closed = true;
  }

  Descriptor descriptor;
  std::unique_ptr<sd_bus, CloseBus> bus;
  bool reading = false;
  bool writing = false;
  bool over = false;
  bool closed = false;
  UnitSeen seen;
  net::Task answered;
};

/// Sends nothing yet; what fails is told by pump().
void Exchange::start(const std::string& unit, Duration timeout) {
  sd_bus* opened = nullptr;
  if (const int error = sd_bus_open_system(&opened); error < 0) return fail(no_bus_words(-error));
  bus.reset(opened);
  sd_bus_set_method_call_timeout(opened, static_cast<std::uint64_t>(std::chrono::microseconds{timeout}.count()) * 2);
  char* path = nullptr;
  int error = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit.c_str(), &path);
  const std::unique_ptr<char, decltype(&std::free)> owner{path, &std::free};
  const auto on_reply = [](sd_bus_message* reply, void* self, sd_bus_error*) {
    static_cast<Exchange*>(self)->take(reply);
    return 0;
  };
  // The properties of all interfaces, as `systemctl show` asks for them.
  if (error >= 0) {
    error = sd_bus_call_method_async(opened, nullptr, "org.freedesktop.systemd1", path,
                                     "org.freedesktop.DBus.Properties", "GetAll", on_reply, this, "s", "");
  }
  const int fd = error < 0 ? error : sd_bus_get_fd(opened);
  if (fd < 0) return fail("cannot ask the system bus: " + error_words(-fd));
  descriptor.assign(fd);
}

void Exchange::pump() {
  if (closed) return;
  while (!over) {
    const int more = sd_bus_process(bus.get(), nullptr);
    if (more < 0 && !over) fail(no_bus_words(-more));
    if (more <= 0) break;
  }
  if (over) return answered();  // the last thing it does: this may close it
  if (!reading) wait(Descriptor::wait_read, reading);
  const int events = sd_bus_get_events(bus.get());
  if (!writing && events > 0 && (events & POLLOUT) != 0) wait(Descriptor::wait_write, writing);
}

void Exchange::wait(Descriptor::wait_type what, bool& waits) {
  waits = true;
  descriptor.async_wait(what, [self = shared_from_this(), &waits](const boost::system::error_code& error) {
    waits = false;
    if (!error) self->pump();
  });
}

void Exchange::take(sd_bus_message* reply) {
  over = true;
  const sd_bus_error* error = sd_bus_message_get_error(reply);
  if (error == nullptr) {
    seen.state = read_properties(reply);
    if (!seen.state) seen.untold = "systemd's answer cannot be read";
    return;
  }
  const std::string_view name = error->name != nullptr ? error->name : "";
  const std::string_view message = error->message != nullptr ? error->message : name;
  if (message == "Connection terminated") {  // sd-bus's own words for it, without a name that says so
    seen.untold =
        "the system bus ended the connection: dbus-daemon wants a user that it can look up, and DynamicUser= "
        "makes none such; run \"systemd-sysusers\" and restart candord";
  } else if (name == "org.freedesktop.systemd1.NoSuchUnit" || name == SD_BUS_ERROR_UNKNOWN_OBJECT) {
    seen.no_such_unit = true;
  } else if (name == SD_BUS_ERROR_SERVICE_UNKNOWN || name == SD_BUS_ERROR_NAME_HAS_NO_OWNER) {
    seen.untold = "systemd is not on the system bus: this kind of probe is for machines that systemd runs";
  } else if (name == SD_BUS_ERROR_ACCESS_DENIED) {
    seen.untold =
        "the system bus does not let candord's user ask systemd; allow it in a policy of /etc/dbus-1/system.d";
  } else {
    const char* const sender = sd_bus_message_get_sender(reply);
    const bool by_bus = sender != nullptr && std::string_view{sender} == "org.freedesktop.DBus";
    seen.untold = fmt::format("{} answers {}", by_bus ? "the system bus" : "systemd", in_quotes(to_utf8(message)));
  }
}

class UnitProbe final : public Probe {
 public:
  UnitProbe(std::shared_ptr<const UnitConfig> config, const Tools& tools)
      : config_(std::move(config)),
        loop_(tools.loop),
        deadline_(tools.loop),
        restarts_(config_->degraded_above_restarts.value_or(0), config_->restarts_within) {}
  ~UnitProbe() override { drop(); }
  UnitProbe(const UnitProbe&) = delete;
  UnitProbe& operator=(const UnitProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void drop();
  void finish(UnitSeen seen);

  std::shared_ptr<const UnitConfig> config_;
  net::Loop& loop_;
  net::Timer deadline_;
  RestartCount restarts_;
  Stopwatch age_;
  Stopwatch watch_;
  std::shared_ptr<Exchange> exchange_;
  std::move_only_function<void(Outcome)> done_;
};

void UnitProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  deadline_.after(config_->timeout, [this] {
    finish({.untold = fmt::format("systemd did not answer within {}", words_for(config_->timeout))});
  });
  exchange_ = std::make_shared<Exchange>(loop_.context());
  exchange_->answered = [this] { finish(std::move(exchange_->seen)); };
  exchange_->start(config_->name, config_->timeout);
  loop_.post([exchange = exchange_] { exchange->pump(); });
}

void UnitProbe::drop() {
  deadline_.cancel();
  if (exchange_) exchange_->close();
  exchange_.reset();
}

/// The last thing it does is to call back: that may destroy the probe.
void UnitProbe::finish(UnitSeen seen) {
  seen.took = watch_.elapsed();
  if (seen.state && seen.state->restarts) seen.restarts = restarts_.add(*seen.state->restarts, age_.elapsed());
  drop();
  Outcome outcome = judge(*config_, seen);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

int RestartCount::add(std::uint32_t counter, std::chrono::microseconds now) {
  const std::uint32_t before = last_.value_or(counter);
  const std::uint32_t more = counter >= before ? counter - before : counter;
  last_ = counter;
  if (more > 0) seen_.push_back({now, more});
  while (!seen_.empty() && (now - seen_.front().at > window_ || seen_.size() > static_cast<std::size_t>(limit_) + 1)) {
    seen_.pop_front();
  }
  std::uint64_t all = 0;
  for (const Some& some : seen_) all += some.count;
  return static_cast<int>(std::min<std::uint64_t>(all, static_cast<std::uint64_t>(limit_) + 1));
}

std::unique_ptr<Probe> make_unit_probe(std::shared_ptr<const UnitConfig> config, const Tools& tools) {
  return std::make_unique<UnitProbe>(std::move(config), tools);
}

}  // namespace candor::probes
