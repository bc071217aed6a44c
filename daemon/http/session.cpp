#include "daemon/http/session.h"

#include <algorithm>
#include <array>
#include <exception>

#include <boost/asio/buffer.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "daemon/http/response_head.h"

namespace candor::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// How long, and for how many bytes, what a refused client still sends is read and dropped: closing at once would make
/// the kernel reset the connection and with it the answer that is still on its way.
constexpr Duration longest_linger = std::chrono::seconds{2};
constexpr std::size_t most_lingered_bytes = std::size_t{4} << 20U;

/// Of a body, at once: a reader on another core may take as fast as the kernel copies, and nobody else has a turn then.
constexpr std::size_t most_in_a_write = std::size_t{256} << 10U;

/// Of its answers, in Limits::answer_timeout: a client that keeps them waiting and takes less drips on purpose.
constexpr std::size_t least_taken_bytes = std::size_t{64} << 10U;

constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

/// The Reply of one exchange. It does not keep the session, so a handler may let it outlive the listener.
class Answer {
 public:
  explicit Answer(std::weak_ptr<Session> session) : session_(std::move(session)) {}
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) noexcept = delete;
  ~Answer() {
    if (const std::shared_ptr<Session> session = session_.lock()) session->dropped();
  }

  void operator()(Response response) {
    const std::weak_ptr<Session> taken = std::exchange(session_, {});
    if (const std::shared_ptr<Session> session = taken.lock()) session->answer(std::move(response));
  }

 private:
  std::weak_ptr<Session> session_;
};

}  // namespace

Session::Session(std::shared_ptr<Core> core, tcp::socket socket, std::string peer, std::string network)
    : core_(std::move(core)), socket_(std::move(socket)), peer_(std::move(peer)), network_(std::move(network)) {}

void Session::start() {
  progressed(core_->limits.head_timeout);
  run();
}

void Session::turn_away(Response response) {
  core_->refused.add(1);
  progressed(core_->limits.head_timeout);
  keep_alive_ = false;
  linger_ = true;
  response_ = std::move(response);
  state_ = State::answering;
  run();
}

void Session::run() {
  const std::shared_ptr<Session> self = shared_from_this();
  running_ = true;
  while (advance()) {
  }
  running_ = false;
}

bool Session::advance() {
  switch (state_) {
    case State::reading:
      return unparsed_ ? parse() : read();
    case State::answering:
      return begin_to_write();
    case State::writing:
      return write();
    case State::lingering:
      return linger();
    case State::handling:
    case State::closed:
      break;
  }
  return false;
}

/// The client has so much time for what it is waited for next.
void Session::progressed(Duration allowed) {
  progress_at_ = core_->precise_now();
  deadline_ = std::chrono::floor<Duration>(progress_at_) + allowed;
}

void Session::wait(tcp::socket::wait_type what) {
  if (waiting_) return;
  waiting_ = true;
  socket_.async_wait(what, [self = shared_from_this()](const error_code& error) {
    self->waiting_ = false;
    self->ready_ = true;
    if (error) self->close();
    self->run();
  });
}

/// What came, in the scratch buffer; nothing where there was nothing, and then the session waits or is closed.
std::optional<std::size_t> Session::receive() {
  if (!ready_) {
    wait(tcp::socket::wait_read);
    return std::nullopt;
  }
  ready_ = false;
  error_code error;
  const std::size_t bytes = socket_.read_some(asio::buffer(core_->scratch), error);
  if (error == asio::error::would_block) {
    wait(tcp::socket::wait_read);
    return std::nullopt;
  }
  if (error) {
    close();
    return std::nullopt;
  }
  return bytes;
}

bool Session::read() {
  const std::optional<std::size_t> bytes = receive();
  if (!bytes) return false;
  const std::string_view input{core_->scratch.data(), *bytes};
  if (held_.empty()) {
    consume(input);
  } else {
    held_.append(input);
    unparsed_ = true;
  }
  return true;
}

bool Session::parse() {
  unparsed_ = false;
  const std::string input = std::move(held_);
  held_.clear();
  consume(input);
  return true;
}

/// Feeds the parser; what it leaves is held.
void Session::consume(std::string_view input) {
  const bool begins = !parser_;
  if (begins) {
    // A line end before a request is a remainder of the one before it (RFC 9112, section 2.2).
    while (input.starts_with("\r\n")) input.remove_prefix(2);
    if (input.empty()) return count_held();
    parser_.emplace(core_->limits.head_bytes, core_->limits.body_bytes);
  }
  const bool had_head = !begins && parser_->is_header_done();
  const RequestParser::Progress progress = parser_->feed(input);
  held_.assign(input);
  switch (progress) {
    case RequestParser::Progress::refused:
      if (parser_->refusal().status == 413) tell_of_refused_body(BodyFault::too_large);
      refuse(parser_->refusal().status, parser_->refusal().message);
      return;
    case RequestParser::Progress::complete:
      unparsed_ = false;
      handle();
      return;
    case RequestParser::Progress::needs_more:
      if (begins) progressed(core_->limits.head_timeout);
      if (parser_->is_header_done()) {
        if (!had_head) head_is_there();
        if (state_ == State::reading) more_of_the_body();
      } else {
        give_way_if_full();
      }
      return;
  }
}

/// The head is complete, the body is not.
void Session::head_is_there() {
  const Handler& handler = core_->handler;
  if (handler.takes_body && !handler.takes_body(parser_->request())) {
    handle(false);
    return;
  }
  progressed(core_->limits.body_timeout);
  if (!parser_->expects_continue() || !parser_->request().body.empty()) return;
  error_code error;
  // Nothing is waiting to be sent before it, so a socket that does not take this at once is broken.
  const std::size_t sent = socket_.write_some(asio::buffer(continue_head), error);
  core_->bytes_sent.add(sent);
  if (error || sent != continue_head.size()) close();
}

void Session::more_of_the_body() {
  progress_at_ = core_->precise_now();
  give_way_if_full();
}

/// More of the request is to come.
void Session::give_way_if_full() {
  count_held(parser_->taken_bytes());
  if (!core_->is_full()) return;
  refuse(503, "too much is being sent to candord at once; try again in a moment");
  response_.headers.emplace_back("Retry-After", "1");
}

/// What is held, and a request that is coming in.
void Session::count_held(std::size_t request_bytes) {
  const std::size_t bytes = request_bytes + (held_.empty() ? 0 : held_.capacity());
  if (bytes == counted_bytes_) return;
  core_->unread_bytes += bytes - counted_bytes_;
  core_->most_unread_bytes = std::max(core_->most_unread_bytes, core_->unread_bytes);
  counted_bytes_ = bytes;
}

/// Nothing more is read of what came.
void Session::release() {
  std::string{}.swap(held_);  // an assignment would keep the memory
  count_held();
}

/// Hands the request over. It is the last of this connection without the rest of its body, or where those that were
/// sent behind it are too much.
void Session::handle(bool whole) {
  count_held();
  const bool last = !whole || (!held_.empty() && core_->is_full());
  keep_alive_ = !last && parser_->keep_alive();
  linger_ = last;
  Request request = std::move(parser_->request());
  if (!whole) request.body = {};
  if (last) release();
  head_only_ = request.method == "HEAD";
  if (!core_->may_ask(network_)) {
    core_->refused.add(1);
    response_ = Response::error(429, "too many requests from this address; slow down");
    response_.headers.emplace_back("Retry-After", "1");
    state_ = State::answering;
    return;
  }
  request.peer = peer_;
  core_->requests.add(1);
  state_ = State::handling;
  try {
    core_->handler(std::move(request), Answer{weak_from_this()});
  } catch (const std::exception& error) {
    log::error("request_failed", {}, fmt::format("a request could not be answered: {}", error.what()));
  }
  if (state_ == State::handling) deadline_ = core_->now() + core_->limits.answer_timeout;
}

void Session::tell_of_refused_body(BodyFault fault) {
  const Handler& handler = core_->handler;
  Request& head = parser_->request();
  head.peer = peer_;
  if (!handler.body_refused || (handler.takes_body && !handler.takes_body(head))) return;
  handler.body_refused(head, fault);
}

/// Answers what no handler has seen or will answer, and ends.
void Session::refuse(unsigned status, std::string_view message, bool count) {
  if (count) core_->refused.add(1);
  keep_alive_ = false;
  linger_ = true;
  head_only_ = false;
  release();
  if (parser_) parser_->request() = {};
  response_ = Response::error(status, message);
  state_ = State::answering;
}

void Session::answer(Response response) {
  if (state_ != State::handling) return;
  response_ = std::move(response);
  state_ = State::answering;
  if (!running_) run();
}

void Session::dropped() {
  if (state_ != State::handling) return;
  if (std::uncaught_exceptions() == 0) {
    log::error("request_unanswered", {}, "a part of candord forgot to answer a request; please report this");
  }
  answer(Response::error(500, "candord failed to answer this request; its log says more"));
}

/// What is sent at once is sent from the core's own buffer.
bool Session::begin_to_write() {
  if (core_->draining()) keep_alive_ = false;
  const bool bodiless = head_only_ || !response_.body || !may_have_body(response_.status);
  std::string& head = core_->head;
  head.clear();
  append_head(head, response_, {core_->date(), !parser_ || parser_->http11(), keep_alive_});
  if (bodiless) response_.body.reset();
  const std::string_view body = bodiless ? std::string_view{} : std::string_view{*response_.body};
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body.substr(0, most_in_a_write))};
  error_code error;
  const std::size_t sent = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) {
    close();
    return false;
  }
  core_->bytes_sent.add(sent);
  taken_bytes_ += sent;
  if (sent == head.size() + body.size()) {
    finish();
    return true;
  }
  const std::size_t of_head = std::min(sent, head.size());
  unsent_head_.assign(head, of_head);
  unsent_from_ = sent - of_head;
  state_ = State::writing;
  ready_ = false;
  const Duration now = core_->now();
  if (!blocked_at_ || now - *blocked_at_ > core_->limits.take_timeout) {
    taking_since_ = now;
    taken_bytes_ = sent;
  }
  blocked();
  return true;
}

/// The client made room for some of an answer, and not for all.
void Session::blocked() {
  progressed(core_->limits.take_timeout);
  blocked_at_ = std::chrono::floor<Duration>(progress_at_);
  deadline_ = std::min(deadline_, taking_since_ + core_->limits.answer_timeout);
}

bool Session::write() {
  if (!ready_) {
    wait(tcp::socket::wait_write);
    return false;
  }
  ready_ = false;
  std::string_view body;
  if (response_.body) body = std::string_view{*response_.body}.substr(unsent_from_);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(unsent_head_),
                                                  asio::buffer(body.substr(0, most_in_a_write))};
  error_code error;
  const std::size_t sent = socket_.write_some(buffers, error);
  if (error == asio::error::would_block) return true;
  if (error) {
    close();
    return false;
  }
  core_->bytes_sent.add(sent);
  const std::size_t of_head = std::min(sent, unsent_head_.size());
  unsent_head_.erase(0, of_head);
  unsent_from_ += sent - of_head;
  taken_bytes_ += sent;
  blocked();
  if (sent == asio::buffer_size(buffers) && sent - of_head == body.size()) finish();
  return true;
}

/// The answer is with the kernel.
void Session::finish() {
  response_ = {};
  parser_.reset();
  unsent_head_ = {};
  if (!keep_alive_) {
    error_code ignored;
    if (!linger_ && held_.empty()) {
      close();
      return;
    }
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    release();
    progressed(longest_linger);
    state_ = State::lingering;
    return;
  }
  state_ = State::reading;
  progressed(core_->limits.idle_timeout);
  unparsed_ = !held_.empty();
}

bool Session::linger() {
  const std::optional<std::size_t> bytes = receive();
  if (!bytes) return false;
  lingered_bytes_ += *bytes;
  if (lingered_bytes_ > most_lingered_bytes) close();
  return true;
}

void Session::expire(Duration now) {
  if (now < deadline_) return;
  switch (state_) {
    case State::reading:
      if (!parser_) {
        close();
        return;
      }
      if (parser_->is_header_done()) tell_of_refused_body(BodyFault::too_slow);
      refuse(408, parser_->is_header_done() ? "the request's body did not come in time"
                                            : "the request's head did not come in time");
      break;
    case State::handling:
      refuse(504, "candord did not answer this request in time", false);
      break;
    case State::writing:
      if (!still_takes(now)) close();
      return;
    case State::answering:
    case State::lingering:
    case State::closed:
      close();
      return;
  }
  run();
}

/// Whether a client that is slow to take its answers may go on.
bool Session::still_takes(Duration now) {
  if (now - taking_since_ >= core_->limits.answer_timeout) {
    if (taken_bytes_ < least_taken_bytes) return false;
    taking_since_ = now;
    taken_bytes_ = 0;
  }
  // The kernel tells only once a third of its buffer is free.
  ready_ = true;
  run();
  return state_ != State::writing || now - progress_at_ < core_->limits.take_timeout;
}

void Session::drain() {
  if (state_ == State::reading && !parser_ && held_.empty()) close();
}

std::optional<std::chrono::microseconds> Session::waits_since() const {
  const bool waits = state_ == State::reading || state_ == State::writing || state_ == State::lingering;
  return waits ? std::optional{progress_at_} : std::nullopt;
}

void Session::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  response_ = {};
  parser_.reset();
  release();
  const std::shared_ptr<Core> core = core_;
  core->left(*this);
}

}  // namespace candor::http
