#include "probes/kinds/dns.h"

#include <ares.h>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/id.h"
#include "base/net/ares.h"
#include "base/net/failure.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Over UDP a question or its answer may be lost, so it is put again, at longer and longer intervals while the run
/// lasts.
net::Ares::Options options_for(const DnsConfig& config, bool tcp) {
  net::Ares::Options options{.servers = config.resolver, .tcp = tcp, .as_it_came = true};
  if (tcp) {
    options.try_timeout = config.timeout + 1s;
    options.tries = 1;
    return options;
  }
  options.try_timeout = std::min<milliseconds>(config.timeout / 7 + 1ms, 1s);
  while (options.try_timeout * ((1 << options.tries) - 1) < config.timeout) ++options.tries;
  return options;
}

std::string resolver_words(ares_channel channel) {
  ares_addr_port_node* servers = nullptr;
  std::vector<std::string> names;
  if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS) return "the system's resolver";
  for (const ares_addr_port_node* it = servers; it != nullptr && names.size() < 3; it = it->next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ares_inet_ntop(it->family, &it->addr, text.data(), text.size());
    const int port = it->udp_port != 0 ? it->udp_port : 53;
    names.push_back(it->family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                                           : fmt::format("{}:{}", text.data(), port));
  }
  ares_free_data(servers);
  return names.empty() ? "no resolver" : fmt::format("{}", fmt::join(names, " or "));
}

std::string own_error_words(int error) {
  const std::string repair = repair_words(error);
  return repair.empty() ? error_words(error) : fmt::format("{}: {}", error_words(error), repair);
}

/// c-ares tells little of why.
std::string unreached_words(int status, bool tcp) {
  if (status == ARES_ETIMEOUT) return "no answer";
  if (status != ARES_ECONNREFUSED) return ares_strerror(status);
  return tcp ? "not reached: the connection was refused or broke off"
             : "not reached: nothing listens there, or no route leads there";
}

class DnsProbe final : public Probe {
 public:
  DnsProbe(std::shared_ptr<const DnsConfig> config, const Tools& tools)
      : config_(std::move(config)), loop_(tools.loop), deadline_(loop_), next_(loop_) {}
  ~DnsProbe() override { drop(); }
  DnsProbe(const DnsProbe&) = delete;
  DnsProbe& operator=(const DnsProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  static void on_answer(void* self, int status, int timeouts, unsigned char* bytes, int size);
  void ask(bool tcp);
  void take();
  void drop();
  void finish();

  std::shared_ptr<const DnsConfig> config_;
  net::Loop& loop_;
  net::Timer deadline_;
  net::Timer next_;  // c-ares wants its callbacks to return before the channel is closed
  std::unique_ptr<net::Ares> ares_;
  int status_ = 0;
  std::string bytes_;
  DnsSeen seen_;
  Stopwatch watch_;
  std::move_only_function<void(Outcome)> done_;
};

void DnsProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  seen_ = DnsSeen{.resolver = config_->resolver};
  deadline_.after(config_->timeout, [this] {
    seen_.strayed = ares_ && ares_->contact().heard;
    finish();
  });
  ask(config_->tcp);
}

void DnsProbe::ask(bool tcp) {
  seen_.tcp = tcp;
  const auto id = static_cast<std::uint16_t>(random_number());
  const Result<std::string> question = make_dns_question(id, config_->name, config_->type, config_->authentic);
  if (!question) {
    seen_.impossible = question.error().message;
    return next_.after(0us, [this] { finish(); });
  }
  try {
    ares_ = std::make_unique<net::Ares>(loop_, options_for(*config_, tcp));
  } catch (const std::system_error& error) {
    seen_.impossible = own_error_words(error.code().value());
    return next_.after(0us, [this] { finish(); });
  } catch (const std::runtime_error& error) {
    seen_.impossible = error.what();
    return next_.after(0us, [this] { finish(); });
  }
  auto* channel = static_cast<ares_channel>(ares_->channel());
  seen_.resolver = resolver_words(channel);
  ares_send(channel, reinterpret_cast<const unsigned char*>(question->data()), static_cast<int>(question->size()),
            &DnsProbe::on_answer, this);
  ares_->asked();
}

void DnsProbe::on_answer(void* self, int status, int /*timeouts*/, unsigned char* bytes, int size) {
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  auto& probe = *static_cast<DnsProbe*>(self);
  probe.status_ = status;
  probe.bytes_.clear();
  if (status == ARES_SUCCESS) probe.bytes_.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  probe.next_.after(0us, [&probe] { probe.take(); });
}

void DnsProbe::take() {
  if (status_ == ARES_ENOMEM) {
    seen_.impossible = ares_strerror(status_);
  } else if (const int error = ares_->contact().error; status_ == ARES_ECONNREFUSED && net::is_own_lack(error)) {
    seen_.impossible = own_error_words(error);
  } else if (status_ != ARES_SUCCESS) {
    seen_.unreached = unreached_words(status_, seen_.tcp);
    seen_.strayed = ares_->contact().heard;
  } else if (Result<DnsMessage> message = read_dns_message(bytes_); !message) {
    seen_.unreadable = message.error().message;
  } else if (!message->truncated) {
    seen_.answer = *std::move(message);
  } else if (seen_.tcp) {
    seen_.unreadable = "it was cut off, over TCP";
  } else {
    seen_.cut_off = true;
    return ask(true);
  }
  finish();
}

void DnsProbe::drop() {
  deadline_.cancel();
  next_.cancel();
  ares_.reset();
  std::string{}.swap(bytes_);
}

/// The last thing it does is to call back: that may destroy the probe.
void DnsProbe::finish() {
  seen_.phases.total = watch_.elapsed();
  if (seen_.answer || !seen_.unreadable.empty()) seen_.phases.first_byte = seen_.phases.total;
  drop();
  Outcome outcome = judge(*config_, seen_);
  seen_ = DnsSeen{};
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_dns_probe(std::shared_ptr<const DnsConfig> config, const Tools& tools) {
  return std::make_unique<DnsProbe>(std::move(config), tools);
}

}  // namespace candor::probes
