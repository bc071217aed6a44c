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
  /// Since when nothing has come from the client, or been taken by it; nothing where it is not the client's turn.
  [[nodiscard]] std::optional<std::chrono::microseconds> waits_since() const;
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
  void more_of_the_body();
  void give_way_if_full();
  void count_held(std::size_t request_bytes = 0);
  void release();
  void handle(bool whole = true);
  void tell_of_refused_body(BodyFault fault);
  void refuse(unsigned status, std::string_view message, bool count = true);
  [[nodiscard]] bool begin_to_write();
  [[nodiscard]] bool write();
  void blocked();
  [[nodiscard]] bool still_takes(Duration now);
  void finish();
  [[nodiscard]] bool linger();
  [[nodiscard]] std::optional<std::size_t> receive();
  void wait(boost::asio::ip::tcp::socket::wait_type what);
  void progressed(Duration allowed);

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
  std::chrono::microseconds progress_at_{};  ///< when the client last did what it was waited for
  std::optional<Duration> blocked_at_;       ///< when an answer last could not be sent at once
  Duration taking_since_{};                  ///< since when, without a pause, answers have had to wait for the client
  std::size_t taken_bytes_ = 0;              ///< since then, or in the minute that runs
  std::optional<RequestParser> parser_;
  std::string held_;               ///< received, and not taken by a parser yet
  std::size_t counted_bytes_ = 0;  ///< what it and the request that is coming in count for
  Response response_;
  std::string unsent_head_;
  std::size_t unsent_from_ = 0;  ///< of the body
  std::size_t lingered_bytes_ = 0;
};

}  // namespace candor::http
