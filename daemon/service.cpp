#include "daemon/service.h"

#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/text.h"

namespace candor {

namespace asio = boost::asio;

struct Service::Impl {
  Requests requests;
  asio::signal_set signals;
  net::Timer watchdog;
  std::chrono::microseconds watchdog_every{0};
  std::multimap<std::string, int> sockets;
  bool stop_asked = false;

  Impl(net::Loop& loop, Requests the_requests)
      : requests(std::move(the_requests)), signals(loop.context(), SIGHUP, SIGTERM, SIGINT), watchdog(loop) {
    std::uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) > 0) watchdog_every = std::chrono::microseconds{usec / 2};
    read_sockets();
    wait_for_signal();
  }

  void read_sockets() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; ++i) {
      const std::string name = names != nullptr && names[i] != nullptr ? names[i] : "unknown";
      std::free(names[i]);
      // Without FileDescriptorName= systemd names a socket after its unit.
      const bool of_unit = name == "unknown" || name.ends_with(".socket");
      const std::string meant = !of_unit ? name : name.ends_with("admin.socket") ? "admin" : "public";
      sockets.emplace(meant, SD_LISTEN_FDS_START + i);
    }
    std::free(names);
  }

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      wait_for_signal();  // first, so that the next one is heard whatever becomes of this one
      if (number == SIGHUP) {
        requests.reload();
      } else if (stop_asked) {
        log::flush();
        std::_Exit(128 + number);
      } else {
        stop_asked = true;
        requests.stop();
      }
    });
  }

  void feed_watchdog() {
    if (watchdog_every.count() == 0) return;
    sd_notify(0, "WATCHDOG=1");
    watchdog.after(watchdog_every, [this] { feed_watchdog(); });
  }
};

bool Service::holds_sockets() { return sd_listen_fds(0) > 0; }

void Service::linger(const std::string& status, Duration how_long) {
  sd_notify(0, fmt::format("STATUS={}", one_line(status)).c_str());
  std::this_thread::sleep_for(how_long);
}

Service::Service(net::Loop& loop, Requests requests) : impl_(std::make_unique<Impl>(loop, std::move(requests))) {}
Service::~Service() = default;

std::optional<int> Service::take_socket(const std::string& name) {
  const auto found = impl_->sockets.find(name);
  if (found == impl_->sockets.end()) return std::nullopt;
  const int descriptor = found->second;
  impl_->sockets.erase(found);
  return descriptor;
}

void Service::ready(const std::string& status) {
  sd_notify(0, fmt::format("READY=1\nSTATUS={}", status).c_str());
  impl_->feed_watchdog();
}

std::string Service::sockets_left() const {
  std::string names;
  for (const auto& [name, descriptor] : impl_->sockets) names += (names.empty() ? "" : ", ") + name;
  return names;
}

void Service::starting(const std::string& status) {
  const std::chrono::microseconds more = std::chrono::minutes{1};
  sd_notify(0, fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS={}", more.count(), status).c_str());
}

void Service::reloading() { sd_notify(0, "RELOADING=1"); }
void Service::stopping() { sd_notify(0, "STOPPING=1"); }
void Service::status(const std::string& status) { sd_notify(0, fmt::format("STATUS={}", status).c_str()); }

}  // namespace candor
