#include "probes/kinds/ntp.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

#include "base/id.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

/// Read in one turn of the loop.
constexpr int most_in_a_turn = 64;
/// Put in the first half of the run, so that the last one has time to be answered.
constexpr std::size_t most_questions = 3;

/// One run's socket and questions. What waits on the loop keeps it.
struct Exchange : std::enable_shared_from_this<Exchange> {
  explicit Exchange(asio::io_context& context) : socket(context) {}

  int open(const udp::endpoint& to);
  int ask();
  void wait();
  void receive();
  bool receive_one();
  void take(std::string_view packet, std::optional<Nanoseconds> stamp);
  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  struct Question {
    NtpTime mark = random_number();
    Nanoseconds went = exact_wall_now();
    Stopwatch watch{};
  };

  udp::socket socket;
  std::vector<Question> questions;
  std::optional<NtpAnswer> answer;
  Nanoseconds went{};
  Nanoseconds came{};
  int strays = 0;
  int error = 0;
  net::Task changed;
};

/// errno, or 0. Connected, so that packets of others do not come in.
int Exchange::open(const udp::endpoint& to) {
  error_code failed;
  socket.open(to.protocol(), failed);
  if (!failed) socket.non_blocking(true, failed);
  if (failed) return failed.value();
  const int on = 1;
  // When an answer came, however busy the loop is; and what routers say of a lost question.
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  const bool ipv6 = to.address().is_v6();
  ::setsockopt(socket.native_handle(), ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR, &on,
               sizeof on);
  socket.connect(to, failed);
  // Asio's word for the EAGAIN of a UDP socket that gets no local port.
  return failed == asio::error::no_buffer_space ? EADDRNOTAVAIL : failed.value();
}

/// errno, or 0.
int Exchange::ask() {
  const Question& question = questions.emplace_back();
  const std::string packet = make_ntp_question(question.mark);
  const auto send = [&] { return ::send(socket.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0; };
  // An error that was waiting on the socket, and not this packet's, is told by send() too: once more.
  return send() && send() ? errno : 0;
}

void Exchange::wait() {
  socket.async_wait(udp::socket::wait_read, [self = shared_from_this()](const error_code& failed) {
    if (!failed && self->socket.is_open()) self->receive();
  });
}

void Exchange::receive() {
  for (int i = 0; i < most_in_a_turn && !answer && receive_one(); ++i) continue;
  wait();
  changed();  // the last thing it does: this may close it
}

std::optional<Nanoseconds> stamp_of(msghdr& message) {
  for (cmsghdr* it = CMSG_FIRSTHDR(&message); it != nullptr; it = CMSG_NXTHDR(&message, it)) {
    if (it->cmsg_level != SOL_SOCKET || it->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(it), sizeof time);
    return std::chrono::seconds{time.tv_sec} + Nanoseconds{time.tv_nsec};
  }
  return std::nullopt;
}

/// Answers whether there may be more.
bool Exchange::receive_one() {
  std::array<char, 2048> buffer;
  alignas(cmsghdr) std::array<char, 256> control;
  iovec where{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &where;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket.native_handle(), &message, 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) error = errno;
    return true;
  }
  take({buffer.data(), static_cast<std::size_t>(got)}, stamp_of(message));
  return true;
}

/// What does not repeat a question's mark is nobody's answer, or another's than the server's.
void Exchange::take(std::string_view packet, std::optional<Nanoseconds> stamp) {
  Result<NtpAnswer> read = read_ntp_answer(packet);
  for (const Question& question : questions) {
    if (!read || read->origin != question.mark) continue;
    went = question.went;
    came = went + question.watch.elapsed();
    // Unless our clock was set meanwhile.
    if (stamp && *stamp >= went && *stamp <= came) came = *stamp;
    answer = *std::move(read);
    return;
  }
  ++strays;
}

class NtpProbe final : public Probe {
 public:
  NtpProbe(std::shared_ptr<const NtpConfig> config, const Tools& tools)
      : config_(std::move(config)), tools_(tools), deadline_(tools.loop), next_(tools.loop) {}
  ~NtpProbe() override { drop(); }
  NtpProbe(const NtpProbe&) = delete;
  NtpProbe& operator=(const NtpProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void found(net::Names::Answer addresses);
  void begin();
  void ask();
  void fail(int error);
  void look();
  void drop();
  void finish();

  std::shared_ptr<const NtpConfig> config_;
  Tools tools_;
  net::Timer deadline_;
  net::Timer next_;
  net::Names::Lookup lookup_;
  std::vector<asio::ip::address> addresses_;  // that were not tried yet, the next one last
  std::shared_ptr<Exchange> exchange_;
  bool another_failed_ = false;  // an address, for a reason of its own
  NtpSeen seen_;
  Stopwatch watch_;
  std::move_only_function<void(Outcome)> done_;
};

void NtpProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  watch_ = Stopwatch{};
  seen_ = NtpSeen{.no_address = net::Failure{.stage = net::Failure::Stage::name_lookup, .timed_out = true}};
  deadline_.after(config_->timeout, [this] { finish(); });
  lookup_ = tools_.names.look_up(config_->target.host, config_->family,
                                 [this](net::Names::Answer addresses) { found(std::move(addresses)); });
}

void NtpProbe::found(net::Names::Answer addresses) {
  if (!addresses) {
    seen_.no_address = std::move(addresses).error();
    return finish();
  }
  seen_.no_address.reset();
  addresses_.clear();
  another_failed_ = false;
  for (const std::string& text : *addresses) addresses_.push_back(asio::ip::make_address(text));
  seen_.phases.name_lookup = watch_.elapsed();
  std::ranges::reverse(addresses_);
  begin();
}

void NtpProbe::begin() {
  const udp::endpoint to{addresses_.back(), config_->target.port};
  addresses_.pop_back();
  seen_.peer = Target{to.address().to_string(), to.port()}.text();
  if (exchange_) exchange_->close();
  exchange_ = std::make_shared<Exchange>(tools_.loop.context());
  if (const int error = exchange_->open(to); error != 0) return fail(error);
  exchange_->changed = [this] { look(); };
  exchange_->wait();
  ask();
}

void NtpProbe::ask() {
  if (const int error = exchange_->ask(); error != 0) return fail(error);
  if (exchange_->questions.size() < most_questions) next_.after(config_->timeout / 4, [this] { ask(); });
}

/// That there is certainly no answer from there.
void NtpProbe::fail(int error) {
  const std::string repair = repair_words(error);
  const bool says_nothing = !repair.empty() || error == ENETUNREACH;
  another_failed_ = another_failed_ || !says_nothing;
  if (!addresses_.empty()) return begin();
  if (!repair.empty() && !another_failed_) seen_.impossible = error_words(error) + "; " + repair;
  exchange_->error = error;
  finish();
}

void NtpProbe::look() {
  if (exchange_->answer) return finish();
  if (exchange_->error == ECONNREFUSED) fail(exchange_->error);
}

void NtpProbe::drop() {
  deadline_.cancel();
  next_.cancel();
  lookup_.reset();
  if (exchange_) exchange_->close();
  exchange_.reset();
}

/// The last thing it does is to call back: that may destroy the probe.
void NtpProbe::finish() {
  if (exchange_) {
    seen_.asked = static_cast<int>(exchange_->questions.size());
    seen_.strays = exchange_->strays;
    seen_.answer = std::move(exchange_->answer);
    seen_.went = exchange_->went;
    seen_.came = exchange_->came;
    if (exchange_->error != 0) seen_.error = error_words(exchange_->error);
    if (seen_.answer) {
      seen_.phases.first_byte = std::chrono::duration_cast<std::chrono::microseconds>(seen_.came - seen_.went);
    }
  }
  seen_.phases.total = watch_.elapsed();
  drop();
  Outcome outcome = judge(*config_, seen_);
  seen_ = NtpSeen{};
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

}  // namespace

std::unique_ptr<Probe> make_ntp_probe(std::shared_ptr<const NtpConfig> config, const Tools& tools) {
  return std::make_unique<NtpProbe>(std::move(config), tools);
}

}  // namespace candor::probes
