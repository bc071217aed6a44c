#include "probes/kinds/stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::microseconds;
using Stage = net::Failure::Stage;
using Session = TlsSession::Step;

constexpr std::size_t most_at_once = std::size_t{16} << 10U;

/// Whether this machine has no way to an address, as to those of IPv6 where it has none. Nothing is sent.
bool no_way_to(const tcp::endpoint& to) {
  const int socket = ::socket(to.data()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno == EAFNOSUPPORT;
  const int failed = ::connect(socket, to.data(), static_cast<socklen_t>(to.size())) == 0 ? 0 : errno;
  ::close(socket);
  return failed == ENETUNREACH || failed == EADDRNOTAVAIL;
}

}  // namespace

std::string Target::text() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

struct Stream::Impl : std::enable_shared_from_this<Stream::Impl> {
  explicit Impl(const Tools& tools) : loop(tools.loop), names(tools.names), socket(loop.context()), timer(loop) {}

  void begin(const Target& target, Duration limit);
  void take(net::Names::Answer found);
  void connect_next();
  void connected(const error_code& failed);
  void attempt_failed(int error);
  [[nodiscard]] std::string others_words() const;
  void on_time();
  void shake_hands();
  void send();
  void receive();
  Session receive_into(std::span<char> into, std::size_t& got);
  Session send_from(std::string_view text, std::size_t& taken);
  void again(Session step, void (Impl::*what)());
  void end(net::Failure with);
  void fail(Stage at, std::string reason, bool timed_out = false) { end({at, timed_out, std::move(reason)}); }
  void fail_io(Stage at, int error) { fail(at, error_words(error)); }
  void finish();
  void soon(void (Impl::*what)());
  void shut();
  [[nodiscard]] microseconds left() const { return std::max(microseconds{0}, timeout - watch.elapsed()); }
  [[nodiscard]] Stage waiting_for() const { return input.empty() ? Stage::request : Stage::answer; }

  net::Loop& loop;
  net::Names& names;
  tcp::socket socket;
  net::Timer timer;
  net::Names::Lookup lookup;
  std::unique_ptr<TlsSession> session;
  Done done;

  std::uint64_t run = 0;  // what an earlier run still had on the loop knows by it that it is over
  microseconds timeout{};
  Stopwatch watch;
  Stopwatch phase;
  Stage stage = Stage::connect;  // of the operation under way
  std::vector<tcp::endpoint> addresses;
  std::size_t tried = 0;            // of them
  std::optional<std::size_t> peer;  // the one that is told of
  std::uint16_t port = 0;
  Phases phases;
  bool answered = false;
  std::string input;
  std::string_view output;
  std::optional<net::Failure> failed;
  TlsSeen seen;
};

void Stream::Impl::begin(const Target& target, Duration limit) {
  shut();
  timeout = limit;
  watch = phase = Stopwatch{};
  addresses.clear();
  tried = 0;
  peer.reset();
  port = target.port;
  phases = {};
  answered = false;
  std::string{}.swap(input);
  failed.reset();
  seen = {};
  error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(target.host, not_numeric);
  timer.after(timeout, [this] { on_time(); });
  if (!not_numeric) {
    addresses.emplace_back(address, port);
    return connect_next();
  }
  stage = Stage::name_lookup;
  lookup = names.look_up(target.host, net::Names::Family::any, [this](auto found) { take(std::move(found)); });
}

void Stream::Impl::take(net::Names::Answer found) {
  lookup = nullptr;
  if (!found) return end(std::move(found).error());
  for (const std::string& text : *found) {
    error_code wrong;
    const asio::ip::address address = asio::ip::make_address(text, wrong);
    if (!wrong) addresses.emplace_back(address, port);
  }
  if (addresses.empty()) return fail(Stage::name_lookup, "none of its addresses can be read");
  // They would take their share of the time from those that can be reached.
  const auto lost = std::ranges::remove_if(addresses, &no_way_to);
  if (lost.size() < addresses.size()) addresses.erase(lost.begin(), lost.end());
  phases.name_lookup = phase.elapsed();
  phase = Stopwatch{};
  connect_next();
}

/// Each address has its share of the time that is left, so that one that is silent does not keep the others from being
/// tried; the last has all of it.
void Stream::Impl::connect_next() {
  stage = Stage::connect;
  const tcp::endpoint& to = addresses[tried++];
  const std::size_t after = addresses.size() - tried;
  timer.after(left() / (after + 1), [this] { on_time(); });
  error_code refused;
  socket.open(to.protocol(), refused);
  if (refused) return attempt_failed(refused.value());
  socket.async_connect(to, [self = shared_from_this(), mine = run](const error_code& error) {
    if (self->run == mine && error != asio::error::operation_aborted) self->connected(error);
  });
}

void Stream::Impl::connected(const error_code& error) {
  if (error) return attempt_failed(error.value());
  failed.reset();
  peer = tried - 1;
  phases.connect = phase.elapsed();
  phase = Stopwatch{};
  if (tried < addresses.size()) timer.after(left(), [this] { on_time(); });
  finish();
}

/// What the first addresses said counts more than that there is no way to the last, which lookups sort to the end.
void Stream::Impl::attempt_failed(int error) {
  ++run;
  error_code ignored;
  socket.close(ignored);
  const bool ours = net::is_own_lack(error);
  if (!failed || (!ours && error != ENETUNREACH)) {
    failed = {.stage = Stage::connect, .timed_out = error == ETIMEDOUT && left() == microseconds{0}, .ours = ours};
    if (!failed->timed_out) failed->reason = error_words(error);
    if (ours) failed->error = error;
    peer = tried - 1;
  }
  if (tried < addresses.size() && left() > microseconds{0}) return connect_next();
  if (!failed->timed_out && !failed->ours && tried > 1) failed->reason += others_words();
  shut();
  soon(&Impl::finish);
}

/// Behind why the one that is told of did not connect.
std::string Stream::Impl::others_words() const {
  if (tried > 2) return fmt::format("; nor did {} other addresses connect", tried - 1);
  const tcp::endpoint& other = addresses[1 - *peer];
  return fmt::format("; {} did not connect either", Target{other.address().to_string(), other.port()}.text());
}

void Stream::Impl::on_time() {
  if (stage == Stage::connect && tried < addresses.size()) return attempt_failed(ETIMEDOUT);
  if (stage == Stage::connect) peer = tried - 1;
  fail(stage == Stage::request ? waiting_for() : stage, {}, true);
}

void Stream::Impl::again(Session step, void (Impl::*what)()) {
  const auto wait = step == Session::wants_to_write ? tcp::socket::wait_write : tcp::socket::wait_read;
  socket.async_wait(wait, [self = shared_from_this(), mine = run, what](const error_code& error) {
    if (self->run == mine && error != asio::error::operation_aborted) (self.get()->*what)();
  });
}

void Stream::Impl::shake_hands() {
  const Session step = session->shake_hands();
  if (step == Session::wants_to_read || step == Session::wants_to_write) return again(step, &Impl::shake_hands);
  if (step == Session::closed) return fail(Stage::tls, "the connection was closed");
  if (step == Session::failed) return end(session->failure());
  phases.tls = phase.elapsed();
  phase = Stopwatch{};
  seen = session->seen();
  finish();
}

Session Stream::Impl::receive_into(std::span<char> into, std::size_t& got) {
  if (session) return session->read(into, got);
  const ssize_t size = ::recv(socket.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  if (size == 0) return Session::closed;
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Session::wants_to_read : Session::failed;
  got = static_cast<std::size_t>(size);
  return Session::done;
}

Session Stream::Impl::send_from(std::string_view text, std::size_t& taken) {
  if (session) return session->write(text, taken);
  const ssize_t size = ::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Session::wants_to_write : Session::failed;
  taken = static_cast<std::size_t>(size);
  return Session::done;
}

void Stream::Impl::receive() {
  std::array<char, most_at_once> buffer;
  std::size_t got = 0;
  const Session step = receive_into(buffer, got);
  if (step == Session::wants_to_read || step == Session::wants_to_write) return again(step, &Impl::receive);
  if (step == Session::closed) return fail(waiting_for(), "the connection was closed");
  if (step == Session::failed) return fail(waiting_for(), session ? session->failure().reason : error_words(errno));
  if (!std::exchange(answered, true)) phases.first_byte = phase.elapsed();
  input.append(buffer.data(), got);
  finish();
}

void Stream::Impl::send() {
  std::size_t taken = 0;
  const Session step = send_from(output, taken);
  if (step == Session::wants_to_read || step == Session::wants_to_write) return again(step, &Impl::send);
  if (step == Session::closed) return fail(Stage::request, "the connection was closed");
  if (step == Session::failed) return fail(Stage::request, session ? session->failure().reason : error_words(errno));
  output.remove_prefix(taken);
  if (!output.empty()) return again(Session::wants_to_write, &Impl::send);
  finish();
}

void Stream::Impl::end(net::Failure with) {
  failed = std::move(with);
  shut();
  finish();
}

void Stream::Impl::finish() {
  auto then = std::exchange(done, nullptr);
  if (then) then();
}

/// For what must not happen inside of the call that asks for it.
void Stream::Impl::soon(void (Impl::*what)()) {
  asio::post(loop.context(), [self = shared_from_this(), mine = run, what] {
    if (self->run == mine) (self.get()->*what)();
  });
}

void Stream::Impl::shut() {
  ++run;
  lookup = nullptr;
  timer.cancel();
  session = nullptr;
  error_code ignored;
  socket.close(ignored);
}

Stream::Stream(const Tools& tools) : impl_(std::make_shared<Impl>(tools)) {}

Stream::~Stream() { close(); }

void Stream::open(const Target& target, Duration timeout, Done done) {
  impl_->done = std::move(done);
  impl_->begin(target, timeout);
}

void Stream::secure(const TlsClient& client, const std::string& name, TlsVersions versions, Done done) {
  impl_->done = std::move(done);
  impl_->stage = Stage::tls;
  impl_->input.clear();
  impl_->phase = Stopwatch{};
  impl_->session = std::make_unique<TlsSession>(client, impl_->socket.native_handle(), name, versions);
  impl_->soon(&Impl::shake_hands);
}

void Stream::write(std::string_view text, Done done) {
  impl_->done = std::move(done);
  impl_->stage = Stage::request;
  impl_->output = text;
  impl_->soon(&Impl::send);
}

void Stream::read(Done done) {
  impl_->done = std::move(done);
  impl_->stage = Stage::request;
  // TLS may hold more already, of which the socket knows nothing.
  if (impl_->session) return impl_->soon(&Impl::receive);
  impl_->again(Session::wants_to_read, &Impl::receive);
}

void Stream::close() {
  impl_->done = nullptr;
  impl_->shut();
}

std::string_view Stream::input() const { return impl_->input; }
void Stream::drop_input() { impl_->input.clear(); }
const std::optional<net::Failure>& Stream::failure() const { return impl_->failed; }
const TlsSeen& Stream::tls() const { return impl_->seen; }

Phases Stream::phases() const {
  Phases phases = impl_->phases;
  phases.total = impl_->watch.elapsed();
  return phases;
}

std::string Stream::peer() const {
  if (!impl_->peer) return {};
  const tcp::endpoint& peer = impl_->addresses[*impl_->peer];
  return Target{peer.address().to_string(), peer.port()}.text();
}

}  // namespace candor::probes
