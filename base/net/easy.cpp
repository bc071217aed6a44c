#include "base/net/easy.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include "base/net/authorities.h"
#include "base/net/easy_info.h"
#include "base/text.h"
#include "base/utf8.h"

namespace candor::net {
namespace {

constexpr std::size_t most_trailers = 64 * 1024;
constexpr std::size_t most_tunnel_head = 64 * 1024;

/// Over HTTP/2 libcurl 7.88 hands over a whole head, 128 kB at most, and what else it read with the end of it, 32 kB at
/// most. Of what its transfer's buffer does not hold it keeps the rest, and neither does a socket nor a timer tell that
/// there is more: the transfer stands still until something else calls.
constexpr long http2_buffer = (128 + 32) * 1024;

struct Endpoint {
  std::string host;
  int port = 0;
};

/// Empty where it is none of IP.
Endpoint endpoint_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6.sin6_port)};
  }
  return {};
}

std::string name_address(const std::string& host, long port) {
  const bool v6 = host.find(':') != std::string::npos;
  return host.empty() ? "" : fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), host, port);
}

/// 0 where there is none.
int local_port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return endpoint_of(reinterpret_cast<const sockaddr&>(address)).port;
}

std::string common_name(const X509_NAME* name) {
  std::array<char, 256> text{};
  const int size = X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), text.size());
  return size > 0 ? "CN=" + one_line(to_utf8({text.data(), static_cast<std::size_t>(size)})) : "one without a name";
}

}  // namespace

void start_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error(fmt::format("libcurl does not start: {}", curl_easy_strerror(code)));
}

struct Easy::Callbacks {
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& easy = *static_cast<Easy*>(self);
    if (easy.asks_again()) return CURL_SOCKET_BAD;
    const Endpoint endpoint = endpoint_of(address->addr);
    easy.tried_ = name_address(endpoint.host, endpoint.port);
    if (!std::exchange(easy.opened_, true)) {
      easy.opening_ = Stopwatch{};
      easy.first_tried_ = easy.tried_;
      easy.sockets_ = easy.cannot_open_ = 0;
    }
    easy.shaking_hands_ = false;
    if (easy.refuses(endpoint.host)) return CURL_SOCKET_BAD;
    const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened >= 0) ++easy.sockets_;
    if (opened < 0) easy.cannot_open_ = errno;
    easy.socket_ = opened;
    return opened;
  }

  using Above = std::shared_ptr<std::string>;

  static void free_above(void*, void* above, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Above*>(above); }

  static int index_of_above() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_above);
    return index;
  }

  /// libcurl's words do not tell which certificate of a chain was refused.
  static int note_refused(int good, X509_STORE_CTX* judged) {
    const int depth = X509_STORE_CTX_get_error_depth(judged);
    const X509* const certificate = X509_STORE_CTX_get_current_cert(judged);
    if (good == 1 || depth == 0 || certificate == nullptr) return good;
    const auto* const session =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(judged, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* const above = static_cast<Above*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), index_of_above()));
    if (above != nullptr) **above = common_name(X509_get_subject_name(certificate));
    return good;
  }

  /// Those of the system, once for all: libcurl's own copies are for some servers each. What libcurl itself is given it
  /// adds to these later, so only where that is nothing.
  static CURLcode trust_system(SSL_CTX* tls) {
    static const std::string file = system_authorities_file();
    if (file.empty()) return CURLE_OK;
    thread_local Authorities authorities{file};
    const Authorities::Store store = authorities.store();
    if (store) SSL_CTX_set1_cert_store(tls, store.get());
    return store || SSL_CTX_get_verify_mode(tls) == SSL_VERIFY_NONE ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
  }

  static CURLcode before_tls(CURL*, void* context, void* self) {
    auto& easy = *static_cast<Easy*>(self);
    auto* const tls = static_cast<SSL_CTX*>(context);
    if (!std::exchange(easy.shaking_hands_, true)) easy.opened_in_ = easy.opening_.elapsed();
    if (easy.trusts_system_) {
      if (const CURLcode code = trust_system(tls); code != CURLE_OK) return code;
    }
    auto above = std::make_unique<Above>(easy.above_);
    if (SSL_CTX_set_ex_data(tls, index_of_above(), above.get()) == 1) (void)above.release();
    SSL_CTX_set_verify(tls, SSL_CTX_get_verify_mode(tls), &note_refused);
    return CURLE_OK;
  }

  static int before_request(void* self, char* address, char*, int, int local_port) {
    auto& easy = *static_cast<Easy*>(self);
    if (easy.asks_again() || easy.refuses(address)) return CURL_PREREQFUNC_ABORT;
    easy.asked_ = address;
    easy.note_connection();
    easy.opened_ = false;
    easy.sent_ = true;
    easy.waiting_ = true;
    easy.request_ = Stopwatch{};
    if (easy.body_.empty()) return CURL_PREREQFUNC_OK;
    // Of several addresses it is nearly always the last one that was tried; one that is not sends as it comes.
    if (local_port_of(easy.socket_) != local_port) easy.socket_ = -1;
    easy.hold_back(true);
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t give_body(char* to, std::size_t, std::size_t room, void* self) {
    auto& easy = *static_cast<Easy*>(self);
    easy.hold_back(false);
    const std::size_t given = easy.left_.copy(to, room);
    easy.left_.remove_prefix(given);
    return given;
  }

  /// libcurl asks a server that refused the stream once more, on another connection.
  static int seek_body(void* self, curl_off_t offset, int) {
    auto& easy = *static_cast<Easy*>(self);
    easy.left_ = easy.body_.substr(std::min(static_cast<std::size_t>(offset), easy.body_.size()));
    return CURL_SEEKFUNC_OK;
  }

  static std::size_t take_head(const char* data, std::size_t, std::size_t size, void* self) {
    auto& easy = *static_cast<Easy*>(self);
    const std::string_view line{data, size};
    const bool to_connect = !easy.sent_ || easy.opened_;
    if (to_connect) easy.tunnel_head_ += size;
    if (easy.tunnel_head_too_long()) return CURL_WRITEFUNC_ERROR;
    if (line.starts_with("HTTP/")) {
      easy.head_ended_ = false;
      easy.trailers_ = 0;
    } else {
      if (easy.head_ended_) easy.trailers_ += size;
      if (line == "\r\n" || line == "\n") easy.head_ended_ = true;
      return easy.trailers_too_long() ? CURL_WRITEFUNC_ERROR : size;
    }
    if (std::exchange(easy.waiting_, false)) easy.first_byte_ += easy.request_.elapsed();
    if (easy.on_answer_ && !to_connect) easy.on_answer_();
    return size;
  }
};

Easy::Easy() {
  start_curl();
  handle_.reset(curl_easy_init());
  if (!handle_) throw std::bad_alloc{};
  reset();
}

Easy::~Easy() = default;

void Easy::Deleter::operator()(void* handle) const { curl_easy_cleanup(handle); }

void Easy::reset() {
  curl_easy_reset(get());
  body_ = {};
  trusts_system_ = true;
  once_ = false;
  curl_easy_setopt(get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  // Otherwise libcurl goes by http_proxy, all_proxy and no_proxy, and what is asked of this machine leaves it.
  curl_easy_setopt(get(), CURLOPT_PROXY, "");
  curl_easy_setopt(get(), CURLOPT_NOPROXY, "");
  // Over HTTP/2 libcurl keeps a connection whose peer is gone after a time-out, and asks on it again and again.
  curl_easy_setopt(get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(get(), CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(get(), CURLOPT_USERAGENT, "candor/" CANDOR_VERSION);
  // Each transfer under way has a buffer of its own, and thousands may wait; an answer is mostly a few hundred bytes.
  curl_easy_setopt(get(), CURLOPT_BUFFERSIZE, 4096L);
  static_assert(std::tuple_size_v<decltype(message_)> >= CURL_ERROR_SIZE);
  curl_easy_setopt(get(), CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(get(), CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket);
  curl_easy_setopt(get(), CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(get(), CURLOPT_SSL_CTX_FUNCTION, &Callbacks::before_tls);
  curl_easy_setopt(get(), CURLOPT_SSL_CTX_DATA, this);
  static const bool has_file = !system_authorities_file().empty();
  if (has_file) {
    for (const CURLoption none : {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH}) {
      curl_easy_setopt(get(), none, nullptr);
    }
    curl_easy_setopt(get(), CURLOPT_CA_CACHE_TIMEOUT, 0L);  // there is nothing to keep
  }
  curl_easy_setopt(get(), CURLOPT_PREREQFUNCTION, &Callbacks::before_request);
  curl_easy_setopt(get(), CURLOPT_PREREQDATA, this);
  curl_easy_setopt(get(), CURLOPT_HEADERFUNCTION, &Callbacks::take_head);
  curl_easy_setopt(get(), CURLOPT_HEADERDATA, this);
  begin();
}

void Easy::begin() {
  message_.front() = '\0';
  tried_.clear();
  asked_.clear();
  refused_.clear();
  opened_ = false;
  shaking_hands_ = false;
  sent_ = false;
  unanswered_ = false;
  head_ended_ = false;
  trailers_ = tunnel_head_ = 0;
  above_->clear();
  waiting_ = false;
  left_ = body_;
  socket_ = -1;
  before_ = {};
  connect_ = tls_ = first_byte_ = {};
}

void Easy::speak_http2(bool over_tls) {
  const auto version = over_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  curl_easy_setopt(get(), CURLOPT_HTTP_VERSION, static_cast<long>(version));
  curl_easy_setopt(get(), CURLOPT_BUFFERSIZE, http2_buffer);
  http2_only_ = !over_tls;
}

void Easy::post_at_once(std::string_view body) {
  body_ = body;
  curl_easy_setopt(get(), CURLOPT_POST, 1L);
  curl_easy_setopt(get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(get(), CURLOPT_READFUNCTION, &Callbacks::give_body);
  curl_easy_setopt(get(), CURLOPT_READDATA, this);
  curl_easy_setopt(get(), CURLOPT_SEEKFUNCTION, &Callbacks::seek_body);
  curl_easy_setopt(get(), CURLOPT_SEEKDATA, this);
}

/// What is sent meanwhile leaves at the end of it, for which the kernel waits 200 ms at most (tcp(7)).
void Easy::hold_back(bool held) const {
  const int value = held ? 1 : 0;
  if (socket_ >= 0) (void)setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

bool Easy::refuses(std::string target) {
  if (!on_redirect_ || info<long>(get(), CURLINFO_REDIRECT_COUNT) == 0) return false;
  const char* const url = info<const char*>(get(), CURLINFO_EFFECTIVE_URL);
  refused_ = on_redirect_({.status = static_cast<int>(info<long>(get(), CURLINFO_RESPONSE_CODE)),
                           .url = url != nullptr ? url : "",
                           .sender = asked_,
                           .target = std::move(target)});
  return !refused_.empty();
}

bool Easy::asks_again() {
  unanswered_ = once_ && sent_;
  return unanswered_;
}

/// Of a host with several addresses, another may have been connected to in vain.
bool Easy::refused_redirect(int code) const {
  const bool at_socket = code == CURLE_COULDNT_CONNECT && sockets_ == 0;
  return !refused_.empty() && (at_socket || code == CURLE_ABORTED_BY_CALLBACK);
}

/// libcurl counts each time from the start of its request, and adds them up over redirects: differences are phases.
void Easy::note_connection() {
  const auto time = [this](CURLINFO which) { return std::chrono::microseconds{info<curl_off_t>(get(), which)}; };
  const Times now{time(CURLINFO_NAMELOOKUP_TIME_T), time(CURLINFO_CONNECT_TIME_T), time(CURLINFO_APPCONNECT_TIME_T)};
  const Times before = std::exchange(before_, now);
  if (!opened_) return;
  connect_ += (now.connected - before.connected) - (now.looked_up - before.looked_up);
  if (shaking_hands_) tls_ += (now.secured - before.secured) - (now.connected - before.connected);
}

std::chrono::microseconds Easy::connect() const {
  const bool shaking = opened_ && shaking_hands_;
  return shaking ? connect_ + opened_in_ : connect_;
}

int Easy::status() const {
  constexpr int switching_protocols = 101;
  const auto status = static_cast<int>(info<long>(get(), CURLINFO_RESPONSE_CODE));
  return status >= 200 || status == switching_protocols ? status : 0;
}

std::string Easy::peer() const {
  const char* const address = info<const char*>(get(), CURLINFO_PRIMARY_IP);
  if (opened_ || address == nullptr || *address == '\0') return tried_;
  return name_address(address, info<long>(get(), CURLINFO_PRIMARY_PORT));
}

/// libcurl keeps all of them, and bounds only those of a head.
bool Easy::trailers_too_long() const { return trailers_ > most_trailers; }

bool Easy::tunnel_head_too_long() const { return tunnel_head_ > most_tunnel_head; }

HeaderLines::~HeaderLines() { curl_slist_free_all(static_cast<curl_slist*>(list_)); }

HeaderLines::HeaderLines(HeaderLines&& other) noexcept : list_(std::exchange(other.list_, nullptr)) {}

HeaderLines& HeaderLines::operator=(HeaderLines&& other) noexcept {
  std::swap(list_, other.list_);
  return *this;
}

void HeaderLines::add(const std::string& name, const std::string& value) {
  append(value.empty() ? name + ";" : name + ": " + value);
}

void HeaderLines::omit(const std::string& name) { append(name + ":"); }

void HeaderLines::append(const std::string& line) {
  curl_slist* const list = curl_slist_append(static_cast<curl_slist*>(list_), line.c_str());
  if (list == nullptr) throw std::bad_alloc{};
  list_ = list;
}

bool is_token(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

bool is_header_value(const std::string& value) {
  return std::ranges::none_of(value, [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f'; });
}

}  // namespace candor::net
