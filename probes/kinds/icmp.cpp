#include "probes/kinds/icmp.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "probes/kinds/pings.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;

/// Why no ping socket can be had, and what to do.
std::string forbidden_words(bool ipv6, int error) {
  if (error == EACCES || error == EPERM) {
    return "the kernel does not let candord's group ping; to allow it: sysctl -w net.ipv4.ping_group_range=\"0 "
           "2147483647\", and the same in a file of /etc/sysctl.d to keep it so";
  }
  const std::string which = ipv6 ? "IPv6" : "IPv4";
  if (error == EAFNOSUPPORT || error == EPROTONOSUPPORT) {
    return "there are no ping sockets for " + which + " on this machine or in candord's unit";
  }
  const std::string repair = repair_words(error);
  return "cannot open a ping socket for " + which + ": " + error_words(error) + (repair.empty() ? "" : ": " + repair);
}

/// The address that a host is, where it is one of this family: nobody need be asked for it.
std::optional<address> numeric(const IcmpConfig& config) {
  using Family = net::Names::Family;
  boost::system::error_code no_address;
  const address it = make_address(config.host, no_address);
  if (no_address || (config.family != Family::any && it.is_v4() != (config.family == Family::ipv4))) return {};
  return it;
}

class IcmpProbe final : public Probe, private Pings::Listener {
 public:
  IcmpProbe(std::shared_ptr<const IcmpConfig> config, const Tools& tools)
      : config_(std::move(config)),
        tools_(tools),
        itself_(numeric(*config_)),
        deadline_(tools.loop),
        next_(tools.loop),
        pings_(tools.loop, *this) {}

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void found(net::Names::Answer addresses);
  void begin(const address& to, std::string words);
  void send();
  void on_answer() override {
    if (pings_.complete()) finish();
  }
  void finish();

  std::shared_ptr<const IcmpConfig> config_;
  Tools tools_;
  std::optional<address> itself_;
  net::Timer deadline_;
  net::Timer next_;  // packet, or the end when there is none to wait for
  net::Names::Lookup lookup_;
  Pings pings_;
  IcmpSeen seen_;
  Stopwatch watch_;
  std::move_only_function<void(Outcome)> done_;
};

void IcmpProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  seen_ = IcmpSeen{};
  deadline_.after(config_->timeout, [this] { finish(); });
  if (itself_) return begin(*itself_, config_->host);
  seen_.no_address = net::Failure{.stage = net::Failure::Stage::name_lookup, .timed_out = true};
  lookup_ = tools_.names.look_up(config_->host, config_->family,
                                 [this](net::Names::Answer addresses) { found(std::move(addresses)); });
}

void IcmpProbe::found(net::Names::Answer addresses) {
  if (!addresses) {
    seen_.no_address = std::move(addresses).error();
    return finish();
  }
  seen_.no_address.reset();
  seen_.phases.name_lookup = watch_.elapsed();
  const address to = make_address(addresses->front());
  begin(to, std::move(addresses->front()));
}

void IcmpProbe::begin(const address& to, std::string words) {
  seen_.address = std::move(words);
  if (const int error = pings_.open(to, static_cast<std::size_t>(config_->packets)); error != 0) {
    seen_.forbidden = forbidden_words(to.is_v6(), error);
    return next_.after({}, [this] { finish(); });
  }
  send();
}

void IcmpProbe::send() {
  pings_.send();
  if (pings_.complete()) return next_.after({}, [this] { finish(); });
  const bool last = std::cmp_equal(pings_.packets().size(), config_->packets);
  if (!last) next_.after(config_->interval, [this] { send(); });
}

/// The last thing it does is to call back: that may destroy the probe.
void IcmpProbe::finish() {
  const std::vector<Pings::Packet>& packets = pings_.packets();
  seen_.sent = static_cast<int>(packets.size());
  for (const Pings::Packet& packet : packets) {
    if (packet.took) seen_.answered.push_back(*packet.took);
  }
  if (std::cmp_less(seen_.answered.size(), seen_.sent)) seen_.error = pings_.error();
  // Nothing is known then of the host.
  if (const int lack = pings_.lack(); lack != 0) seen_.forbidden = error_words(lack) + ": " + repair_words(lack);
  if (!seen_.answered.empty()) seen_.phases.first_byte = seen_.answered.front();
  seen_.phases.total = watch_.elapsed();
  deadline_.cancel();
  next_.cancel();
  lookup_.reset();
  pings_.close();
  Outcome outcome = judge(*config_, seen_);
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_icmp_probe(std::shared_ptr<const IcmpConfig> config, const Tools& tools) {
  return std::make_unique<IcmpProbe>(std::move(config), tools);
}

}  // namespace candor::probes
