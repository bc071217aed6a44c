#include "probes/kinds/websocket.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace candor::probes {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Step = WebsocketSeen::Step;

constexpr std::size_t most_message_bytes = std::size_t{64} << 10U;
constexpr std::size_t most_bytes = std::size_t{256} << 10U;  // of a run: pings, refusals' bodies and frames' heads too

/// A close frame with the code 1000 (RFC 6455, section 5.5.1), masked by zeros.
constexpr std::string_view goodbye{"\x88\x82\x00\x00\x00\x00\x03\xE8", 8};

/// What Beast reads from and writes to.
struct Line {
  asio::io_context& context;
  Stream* stream;  ///< null once the run is over: nothing is called any more
  std::string input{};
  std::size_t got = 0;

  [[nodiscard]] bool too_much() const { return got > most_bytes; }
};

/// A Stream as one of Asio's AsyncStreams. Handlers keep the run's state alive, and so the line.
class Channel {
 public:
  using executor_type = asio::io_context::executor_type;

  explicit Channel(Line& line) : line_(line) {}
  [[nodiscard]] executor_type get_executor() const { return line_.context.get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const auto begin = [this](auto handler, const Buffers& into) { this->read(into, std::move(handler)); };
    return asio::async_initiate<Token, void(error_code, std::size_t)>(begin, token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const auto begin = [this](auto handler, const Buffers& from) { this->write(from, std::move(handler)); };
    return asio::async_initiate<Token, void(error_code, std::size_t)>(begin, token, buffers);
  }

  /// For what must not happen inside of the call that asks for it.
  template <class Handler>
  void soon(Handler handler, error_code error, std::size_t size) {
    asio::post(line_.context, [&line = line_, handler = std::move(handler), error, size]() mutable {
      if (line.stream != nullptr) handler(error, size);
    });
  }

 private:
  /// Whether the stream can be asked for no more.
  [[nodiscard]] bool ended() const { return line_.stream->failure().has_value() || line_.too_much(); }

  template <class Buffers>
  std::size_t hand_over(const Buffers& into) {
    const std::size_t size = asio::buffer_copy(into, asio::buffer(line_.input));
    line_.input.erase(0, size);
    return size;
  }

  template <class Buffers, class Handler>
  void read(const Buffers& into, Handler handler) {
    if (line_.stream == nullptr) return;
    if (!line_.input.empty()) return soon(std::move(handler), {}, hand_over(into));
    if (ended()) return soon(std::move(handler), asio::error::connection_aborted, 0);
    line_.stream->read([this, into, handler = std::move(handler)]() mutable {
      line_.input = line_.stream->input();
      line_.got += line_.input.size();
      line_.stream->drop_input();
      const error_code error = ended() ? asio::error::connection_aborted : error_code{};
      const std::size_t size = error ? 0 : hand_over(into);
      handler(error, size);
    });
  }

  template <class Buffers, class Handler>
  void write(const Buffers& from, Handler handler) {
    if (line_.stream == nullptr) return;
    if (ended()) return soon(std::move(handler), asio::error::connection_aborted, 0);
    const auto text = std::make_shared<std::string>(asio::buffer_size(from), '\0');
    asio::buffer_copy(asio::buffer(*text), from);
    line_.stream->write(*text, [this, text, handler = std::move(handler)]() mutable {
      const error_code error = ended() ? asio::error::connection_aborted : error_code{};
      handler(error, error ? 0 : text->size());
    });
  }

  Line& line_;
};

// What Beast asks of a stream below: closing is the probe's.
void beast_close_socket(Channel&) {}
[[maybe_unused]] void teardown(beast::role_type, Channel&, error_code& error) { error = {}; }
template <class Handler>
void async_teardown(beast::role_type, Channel& channel, Handler&& handler) {
  channel.soon([handler = std::forward<Handler>(handler)](error_code error, std::size_t) mutable { handler(error); },
               {}, 0);
}

/// One run of Beast's. Whatever is under way holds it.
struct Session {
  Session(net::Loop& loop, Stream& stream) : line{loop.context(), &stream} {}

  Line line;
  websocket::stream<Channel, false> socket{line};
  websocket::response_type response;
  beast::flat_buffer message;
};

class WebsocketProbe final : public Probe {
 public:
  WebsocketProbe(std::shared_ptr<const WebsocketConfig> config, const Tools& tools)
      : config_(std::move(config)), loop_(tools.loop), stream_(tools) {}
  ~WebsocketProbe() override { drop(); }
  WebsocketProbe(const WebsocketProbe&) = delete;
  WebsocketProbe& operator=(const WebsocketProbe&) = delete;

  void run(std::move_only_function<void(Outcome)> done) override;

 private:
  void connected();
  void upgrade();
  void upgraded(error_code error);
  void send();
  void listen();
  void heard(error_code error);
  void breach(error_code error);
  [[nodiscard]] std::string unasked() const;
  void finish();
  void end();
  void drop();
  /// A handler of Beast's that calls `what` while the run is under way.
  auto then(void (WebsocketProbe::*what)(error_code)) {
    return [this, session = session_, what](error_code error, std::size_t = 0) {
      if (session->line.stream != nullptr) (this->*what)(error);
    };
  }

  std::shared_ptr<const WebsocketConfig> config_;
  net::Loop& loop_;
  Stream stream_;
  std::shared_ptr<Session> session_;
  WebsocketSeen seen_;
  Outcome outcome_;
  std::move_only_function<void(Outcome)> done_;
};

void WebsocketProbe::run(std::move_only_function<void(Outcome)> done) {
  done_ = std::move(done);
  seen_ = {};
  stream_.open(config_->target, config_->timeout, [this] { connected(); });
}

void WebsocketProbe::connected() {
  if (stream_.failure()) return finish();
  if (!config_->tls) return upgrade();
  stream_.secure(*config_->tls, config_->wanted.name, TlsVersions::sound, [this] {
    // Nothing is said to a server that is not the one it should be.
    const bool wrong = config_->wanted.verify && !stream_.tls().flaws.empty();
    stream_.failure() || wrong ? finish() : upgrade();
  });
}

void WebsocketProbe::upgrade() {
  seen_.step = Step::upgrade;
  session_ = std::make_shared<Session>(loop_, stream_);
  session_->socket.read_message_max(most_message_bytes);
  session_->socket.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
    request.set(beast::http::field::user_agent, "candor/" CANDOR_VERSION);
    for (const auto& [name, value] : config_->headers) request.set(name, value.reveal());
  }));
  session_->socket.async_handshake(session_->response, config_->authority, config_->path,
                                   then(&WebsocketProbe::upgraded));
}

void WebsocketProbe::upgraded(error_code error) {
  if (error == websocket::error::upgrade_declined) seen_.status = static_cast<int>(session_->response.result_int());
  if (error) return breach(error);
  seen_.breach = unasked();
  if (!seen_.breach.empty()) return finish();
  config_->send ? send() : listen();
}

/// RFC 6455, section 4.1: what the server agrees on must have been offered, and no extension was.
std::string WebsocketProbe::unasked() const {
  using beast::http::field;
  const auto& response = session_->response;
  if (response.count(field::sec_websocket_extensions) > 0) return "it names an extension, and none was offered";
  const std::string_view agreed = response[field::sec_websocket_protocol];
  if (agreed.empty()) return {};
  for (const auto& [name, value] : config_->headers) {
    if (!beast::iequals(name, "Sec-WebSocket-Protocol")) continue;
    beast::http::token_list offered{value.reveal()};
    if (offered.exists(agreed)) return {};
  }
  return "it names a protocol that was not offered";
}

void WebsocketProbe::send() {
  seen_.step = Step::send;
  session_->socket.text(true);
  const auto sent = [this, session = session_](error_code error, std::size_t) {
    if (session->line.stream == nullptr) return;
    error ? breach(error) : listen();
  };
  session_->socket.async_write(asio::buffer(config_->send->reveal()), sent);
}

void WebsocketProbe::listen() {
  seen_.step = config_->expect ? Step::answer : Step::done;
  if (!config_->expect) return finish();
  session_->socket.async_read(session_->message, then(&WebsocketProbe::heard));
}

void WebsocketProbe::heard(error_code error) {
  if (error == websocket::error::closed) {
    const websocket::close_reason& reason = session_->socket.reason();
    seen_.closed = true;
    seen_.close_code = reason.code;
    seen_.reason = std::string{reason.reason.data(), reason.reason.size()};
  }
  if (error) return breach(error);
  const auto bytes = session_->message.cdata();
  seen_.message.assign(static_cast<const char*>(bytes.data()), bytes.size());
  seen_.step = Step::done;
  finish();
}

void WebsocketProbe::breach(error_code error) {
  const bool told = seen_.status != 0 || seen_.closed || stream_.failure();
  if (session_->line.too_much()) {
    seen_.breach = "more than 256 kB";
  } else if (error == websocket::error::message_too_big) {
    seen_.breach = "more than 64 kB";
  } else if (!told) {
    seen_.breach = error.message();
  }
  finish();
}

/// What was seen is judged before the goodbye, which is not waited for longer than it takes to send.
void WebsocketProbe::finish() {
  seen_.failure = stream_.failure();
  seen_.phases = stream_.phases();
  seen_.peer = stream_.peer();
  seen_.tls = stream_.tls();
  outcome_ = judge(*config_, seen_, wall_now());
  if (seen_.step != Step::done || seen_.failure) return end();
  stream_.write(goodbye, [this] { end(); });
}

/// The last thing it does is to call back: that may destroy the probe.
void WebsocketProbe::end() {
  drop();
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome_));
}

void WebsocketProbe::drop() {
  if (session_) session_->line.stream = nullptr;
  stream_.close();
  session_.reset();
}

}  // namespace

std::unique_ptr<Probe> make_websocket_probe(std::shared_ptr<const WebsocketConfig> config, const Tools& tools) {
  return std::make_unique<WebsocketProbe>(std::move(config), tools);
}

}  // namespace candor::probes
