#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "daemon/http/core.h"
#include "daemon/http/request_parser.h"

namespace candor::http {

/// One connection: reads a request, hands it to the handler, writes the answer, and so on. The socket is non-blocking
/// and tried first; the loop is asked to wait only where it has nothing to give or take. The core owns it until it
/// closes; a wait that is under way keeps it in memory, a reply does not. Thread: the loop's.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `peer` is the client's address, `network` what limits count it under.
  Session(std::shared_ptr<Core> core, boost::asio::ip::tcp::socket socket, std::string peer, std::string network);
  ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  /// Answers this before anything was asked, and ends.
  void turn_away(Response response);
  /// The handler's answer.
  void answer(Response response);
  /// The handler let its Reply go without calling it.
  void dropped();
  /// Ends what has taken too long.
  void expire(Duration now);
  void drain();
  /// Closes if no request's head is there yet; answers whether.
  [[nodiscard]] bool give_way();
  void close();

  [[nodiscard]] const std::string& network() const { return network_; }

  std::size_t place = 0;  ///< among the core's sessions

 private:
  enum class State : std::uint8_t { reading, handling, answering, writing, lingering, closed };

  void run();
  [[nodiscard]] bool advance();
  [[nodiscard]] bool read();
  [[nodiscard]] bool parse();
  void consume(std::string_view input);
  void head_is_there();
  void handle();
  void refuse(unsigned status, std::string_view message, bool count = true);
  [[nodiscard]] bool begin_to_write();
  [[nodiscard]] bool write();
  [[nodiscard]] bool wrote(std::size_t bytes);
  void finish();
  [[nodiscard]] bool linger();
  [[nodiscard]] std::optional<std::size_t> receive();
  void wait(boost::asio::ip::tcp::socket::wait_type what);

  std::shared_ptr<Core> core_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  std::string network_;
  State state_ = State::reading;
  bool running_ = false;
  bool waiting_ = false;
  bool ready_ = false;     ///< the wait ended since the socket was last tried
  bool unparsed_ = false;  ///< held_ has bytes that the parser has not seen
  bool keep_alive_ = true;
  bool linger_ = false;  ///< the client may still be sending what nobody will read
  bool head_only_ = false;
  Duration deadline_{};
  std::optional<RequestParser> parser_;
  std::string held_;  ///< received, and not taken by a parser yet
  Response response_;
  std::string unsent_head_;
  std::size_t unsent_from_ = 0;  ///< of the body
  std::size_t lingered_bytes_ = 0;
};

}  // namespace candor::http
