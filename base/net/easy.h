#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/net/failure.h"
#include "base/time.h"

namespace candor::net {

/// Prepares libcurl for the process, once. Any thread. Throws std::runtime_error if libcurl cannot start.
void start_curl();

/// One that a handle is about to follow.
struct Redirect {
  int status = 0;      ///< of the answer that redirects
  std::string url;     ///< it leads there
  std::string sender;  ///< the address that answered, such as "10.0.0.7" or "fe80::1"
  std::string target;  ///< that it leads to: about to be connected to, or asked
};

/// A libcurl easy handle with what all of ours have in common: http and https only, HTTP/1.1, peers verified, no proxy
/// of the environment, no signals, descriptors that a child process does not inherit. get() is for curl_easy_setopt().
/// Keeps its address, which the handle knows. Thread: one at a time.
class Easy {
 public:
  Easy();
  ~Easy();
  Easy(const Easy&) = delete;
  Easy& operator=(const Easy&) = delete;

  [[nodiscard]] void* get() const { return handle_.get(); }
  /// Back to the common settings. Not while a transfer is under way.
  void reset();
  /// Trusts the authorities that libcurl is given (CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB), and not the system's.
  void trust_others() { trusts_system_ = false; }
  /// HTTP/2 instead: over TLS where the peer knows it, else without asking. Each such transfer wants a connection of
  /// its own (CURLOPT_FRESH_CONNECT, CURLOPT_FORBID_REUSE).
  void speak_http2(bool over_tls);
  /// Before each transfer: forgets the last one's failure.
  void begin();
  /// Asks no second time. Where the connection of an earlier transfer ends without an answer, libcurl by itself sends
  /// the request again, on up to five more of them, though it may have arrived with the first. Not where redirects are
  /// followed.
  void ask_once() { once_ = true; }
  /// Asks with POST and this short body, which must live as long as the handle uses it. It leaves together with the
  /// head: over HTTP/2 a server may answer a head and hear no more (RFC 9113, section 8.1), and libcurl drops an answer
  /// that it reads before it has sent the body.
  void post_at_once(std::string_view body);

  /// The status of the final answer; 0 where none has begun. Interim ones (1xx) are none (RFC 9110, section 15.2), but
  /// 101, which no other follows.
  [[nodiscard]] int status() const;
  /// Why a transfer ended with `code`, a CURLcode; with CURLE_OK, why there is no status(), or no end of its head:
  /// libcurl takes the end of a connection within a head for a success.
  [[nodiscard]] Failure failure(int code) const;
  /// Whether the head of the last answer came to its end; libcurl takes one that breaks off for whole.
  [[nodiscard]] bool head_ended() const { return head_ended_; }
  /// Whether a request was sent, or may have been.
  [[nodiscard]] bool sent() const { return sent_; }
  /// From each request sent to the first line of its answer, added up over redirects; zero where none came. libcurl's
  /// own time begins to count with a body that it sends, over HTTP/2 each of them.
  [[nodiscard]] std::chrono::microseconds first_byte() const { return first_byte_; }
  /// What connecting and TLS took where they were completed, added up over redirects. libcurl's own time to connect is
  /// not set before TLS is done too.
  [[nodiscard]] std::chrono::microseconds connect() const;
  [[nodiscard]] std::chrono::microseconds tls() const { return tls_; }
  /// Whether it connected, or tried to: not where it asked on a connection of an earlier transfer.
  [[nodiscard]] bool connected() const { return !tried_.empty(); }
  /// Is called at the first line of each answer, of redirects too, but not of a proxy's to CONNECT.
  void on_answer(std::function<void()> call) { on_answer_ = std::move(call); }
  /// Is asked of each redirect before it connects, and again before the request leaves, for the connection may be one
  /// that was open. Answers why that redirect is not followed, which ends the transfer; empty where it is.
  void on_redirect(std::function<std::string(const Redirect&)> judge) { on_redirect_ = std::move(judge); }
  /// Whether that ended the last transfer.
  [[nodiscard]] bool refused_redirect(int code) const;
  /// "10.0.0.7:443", "[::1]:443": the address that answered, or the last that was tried; empty where there was none.
  [[nodiscard]] std::string peer() const;

 private:
  struct Callbacks;
  struct Deleter {
    void operator()(void* handle) const;
  };
  [[nodiscard]] Failure::Stage reached() const;
  [[nodiscard]] Failure not_connected() const;
  [[nodiscard]] Failure refused_by_socks(int code) const;
  [[nodiscard]] std::string system_error(std::string otherwise) const;
  [[nodiscard]] std::string alert() const;
  [[nodiscard]] Failure failed_handshake(int code) const;
  [[nodiscard]] std::string detail(int code) const;
  [[nodiscard]] std::string weird_reply() const;
  [[nodiscard]] bool trailers_too_long() const;
  [[nodiscard]] bool tunnel_head_too_long() const;
  [[nodiscard]] bool head_too_long(int code) const;
  [[nodiscard]] std::string refusal(int code) const;
  [[nodiscard]] std::string bad_authorities(int code) const;
  void note_connection();
  void hold_back(bool held) const;
  [[nodiscard]] bool refuses(std::string target);
  [[nodiscard]] bool asks_again();

  /// libcurl's.
  struct Times {
    std::chrono::microseconds looked_up{};
    std::chrono::microseconds connected{};
    std::chrono::microseconds secured{};
  };

  std::unique_ptr<void, Deleter> handle_;
  std::array<char, 256> message_{};  // CURL_ERROR_SIZE
  std::string tried_;                // the last address that a socket was opened for
  bool shaking_hands_ = false;       // TLS has begun on it
  bool opened_ = false;              // a socket was opened for the request that is not sent yet
  bool sent_ = false;
  bool http2_only_ = false;  // and never less, in clear
  bool trusts_system_ = true;
  bool once_ = false;
  bool unanswered_ = false;  // it was to be sent once, and libcurl was about to send it again
  bool head_ended_ = false;
  std::size_t trailers_ = 0;     // bytes behind the answer's body
  std::size_t tunnel_head_ = 0;  // bytes of a proxy's answers to CONNECT
  /// Whose certificate was refused, where that is not the server's own. Connections write it, which may outlive us.
  std::shared_ptr<std::string> above_ = std::make_shared<std::string>();
  std::string first_tried_;                // of the addresses that were tried for the request that is not sent yet
  int sockets_ = 0;                        // opened for them
  int cannot_open_ = 0;                    // errno of the last one that could not be
  bool waiting_ = false;                   // for the first line of an answer
  Stopwatch opening_;                      // since the first socket was opened for the request that is not sent yet
  Stopwatch request_;                      // since it was sent
  Times before_;                           // when the last request was sent
  std::chrono::microseconds opened_in_{};  // from the first socket until TLS began
  std::chrono::microseconds connect_{};    // of the connections on which requests were sent
  std::chrono::microseconds tls_{};        // the same
  std::chrono::microseconds first_byte_{};
  std::function<void()> on_answer_;
  std::function<std::string(const Redirect&)> on_redirect_;
  std::string asked_;      // the address that was asked last, without a port
  std::string refused_;    // why the redirect at hand is not followed
  int socket_ = -1;        // the last one that was opened; it may be closed by now
  std::string_view body_;  // that is to leave at once
  std::string_view left_;  // what libcurl has not taken of it
};

/// Lines of a request's header in libcurl's form. Lives as long as the handle uses them.
class HeaderLines {
 public:
  HeaderLines() = default;
  ~HeaderLines();
  HeaderLines(HeaderLines&& other) noexcept;
  HeaderLines& operator=(HeaderLines&& other) noexcept;

  /// `name` and `value` as is_token() and is_header_value() take them.
  void add(const std::string& name, const std::string& value);
  /// Leaves out a line that libcurl would write by itself.
  void omit(const std::string& name);
  [[nodiscard]] void* get() const { return list_; }

 private:
  void append(const std::string& line);
  void* list_ = nullptr;  // a curl_slist
};

/// Whether `name` is a token and `value` holds no line break or other control character but tabs (RFC 9110, section 5).
[[nodiscard]] bool is_token(const std::string& name);
[[nodiscard]] bool is_header_value(const std::string& value);

}  // namespace candor::net
