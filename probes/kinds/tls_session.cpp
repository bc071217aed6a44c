#include "probes/kinds/tls_session.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/net/handshake.h"
#include "base/signature.h"
#include "base/text.h"
#include "base/utf8.h"
#include "probes/kinds/words.h"

namespace candor::probes {
namespace {

constexpr std::size_t most_certificates = 10;
constexpr std::size_t most_names = 20;
constexpr std::size_t most_flaws = 8;
constexpr std::size_t longest_name = 200;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Bytes = std::unique_ptr<BIO, Freer<BIO_free>>;
using Owned = std::unique_ptr<X509, Freer<X509_free>>;
using Session = std::unique_ptr<SSL, Freer<SSL_free>>;
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

// OpenSSL's own way to sockets writes without MSG_NOSIGNAL, and a peer that hung up would end the process.

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int send_some(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int receive_some(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd_of(bio), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* make_socket_method() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
  BIO_meth_set_write(method, &send_some);
  BIO_meth_set_read(method, &receive_some);
  BIO_meth_set_ctrl(method, &control);
  return method;
}

BIO* bio_of(int socket) {
  static const BIO_METHOD* const method = make_socket_method();
  BIO* const bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  return bio;
}

std::string harmless(std::string_view text) { return shorten_utf8(one_line(to_utf8(text)), longest_name); }

std::string text_in(BIO* bytes) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bytes, &data);
  return size > 0 ? std::string{data, static_cast<std::size_t>(size)} : std::string{};
}

/// "CN=pay.acme.example,O=Acme"
std::string whole(const X509_NAME* name) {
  const Bytes bytes{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(bytes.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  return harmless(text_in(bytes.get()));
}

/// "CN=pay.acme.example", or the whole name where it has none; empty where there is none of that either.
std::string shown(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return whole(name);
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return whole(name);
  const std::string text{reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)};
  OPENSSL_free(utf8);
  return "CN=" + harmless(text);
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return from_ms(static_cast<std::int64_t>(::timegm(&parts)) * 1000);
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

void note_names(const X509* certificate, TlsSeen& seen) {
  auto* const all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (seen.names.size() == most_names) {
      ++seen.more_names;
    } else if (name->type == GEN_DNS) {
      const auto* const data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      seen.names.push_back(harmless({data, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
    } else {
      seen.names.push_back(address_text(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(all);
}

/// `name` of the certificate, or the first host that it is for where its subject is empty (RFC 5280, section 4.1.2.6).
std::string subject_of(const X509* certificate, std::string (*name)(const X509_NAME*)) {
  std::string subject = name(X509_get_subject_name(certificate));
  if (!subject.empty()) return subject;
  TlsSeen own;
  note_names(certificate, own);
  return own.names.empty() || own.names.front().empty() ? "without a name" : own.names.front();
}

std::string issuer_of(const X509* certificate, std::string (*name)(const X509_NAME*)) {
  std::string issuer = name(X509_get_issuer_name(certificate));
  return issuer.empty() ? "without a name" : issuer;
}

TlsFlaw::What what_of(int code) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TlsFlaw::What::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsFlaw::What::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TlsFlaw::What::wrong_name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      return TlsFlaw::What::no_issuer;
    default:
      return TlsFlaw::What::other;
  }
}

/// A certificate without any other names is for its CN, as `http` takes it too (RFC 6125, section 6.4.4).
bool is_for_its_cn(X509_STORE_CTX* judged) {
  X509* const certificate = X509_STORE_CTX_get_current_cert(judged);
  const char* const host = X509_VERIFY_PARAM_get0_host(X509_STORE_CTX_get0_param(judged), 0);
  return X509_STORE_CTX_get_error(judged) == X509_V_ERR_HOSTNAME_MISMATCH && certificate != nullptr &&
         host != nullptr && X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) < 0 &&
         X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

/// Called for each certificate that is judged; answers that all is well, so that the handshake goes on.
int note_flaw(int good, X509_STORE_CTX* judged) {
  if (good == 1 || is_for_its_cn(judged)) return 1;
  const auto* const session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(judged, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& flaws = *static_cast<std::vector<TlsFlaw>*>(SSL_get_app_data(session));
  if (flaws.size() >= most_flaws) return 1;
  const int code = X509_STORE_CTX_get_error(judged);
  TlsFlaw flaw{.what = what_of(code), .depth = static_cast<std::size_t>(X509_STORE_CTX_get_error_depth(judged))};
  if (const X509* const certificate = X509_STORE_CTX_get_current_cert(judged)) {
    flaw.subject = subject_of(certificate, &shown);
    flaw.issuer = issuer_of(certificate, &shown);
  }
  flaw.reason = X509_verify_cert_error_string(code);
  flaws.push_back(std::move(flaw));
  return 1;
}

/// In place of OpenSSL's own rules, which know no version before TLS 1.2 above level 0, where weak certificates would
/// be good too. Once an older one was agreed on, it is told, and nothing else is held against the handshake.
int allow_old(const SSL* session, const SSL_CTX*, int what, int bits, int id, void* more, void* data) {
  if (what == SSL_SECOP_VERSION || SSL_version(session) < TLS1_2_VERSION) return 1;
  const auto usual = SSL_CTX_get_security_callback(SSL_get_SSL_CTX(session));
  return usual(session, nullptr, what, bits, id, more, data);
}

std::vector<ChainLink> links_of(const STACK_OF(X509) * chain) {
  std::vector<ChainLink> links;
  for (int i = 0; i < sk_X509_num(chain) && links.size() < most_certificates; ++i) {
    X509* const certificate = sk_X509_value(chain, i);
    const bool root = X509_check_issued(certificate, certificate) == X509_V_OK;
    const auto place = i == 0 ? ChainLink::Place::own : root ? ChainLink::Place::root : ChainLink::Place::intermediate;
    links.push_back({place, subject_of(certificate, &shown), instant_of(X509_get0_notBefore(certificate)),
                     instant_of(X509_get0_notAfter(certificate))});
  }
  return links;
}

std::vector<Certificate> certificates_of(const STACK_OF(X509) * chain) {
  std::vector<Certificate> list;
  for (int i = 0; i < sk_X509_num(chain) && list.size() < most_certificates; ++i) {
    const X509* const certificate = sk_X509_value(chain, i);
    list.push_back(
        {subject_of(certificate, &whole), issuer_of(certificate, &whole), instant_of(X509_get0_notAfter(certificate))});
  }
  return list;
}

bool is_numeric(const std::string& name) {
  std::array<unsigned char, 16> address{};
  return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

Result<void> trust(SSL_CTX* context, const std::string& authorities) {
  if (authorities.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return failure("cannot find the system's authorities");
  }
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  const Bytes bytes{BIO_new_mem_buf(authorities.data(), static_cast<int>(authorities.size()))};
  int taken = 0;
  while (const Owned certificate{PEM_read_bio_X509_AUX(bytes.get(), nullptr, nullptr, nullptr)}) {
    taken += X509_STORE_add_cert(store, certificate.get());
  }
  const unsigned long end = ERR_peek_last_error();
  ERR_clear_error();
  if (taken > 0 && ERR_GET_REASON(end) == PEM_R_NO_START_LINE) return {};
  return failure("holds a certificate that cannot be read");
}

}  // namespace

Result<void> check_key_pair(const std::string& certificate, const std::string& key) {
  const Bytes certificate_bytes{BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()))};
  const Bytes key_bytes{BIO_new_mem_buf(key.data(), static_cast<int>(key.size()))};
  // Without a password of its own, OpenSSL asks the terminal for one.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const Owned own{PEM_read_bio_X509(certificate_bytes.get(), nullptr, no_password, nullptr)};
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> secret{
      PEM_read_bio_PrivateKey(key_bytes.get(), nullptr, no_password, nullptr)};
  const bool fit = own != nullptr && secret != nullptr && X509_check_private_key(own.get(), secret.get()) == 1;
  ERR_clear_error();
  if (own == nullptr) return failure("no certificate can be read");
  if (secret == nullptr) return failure("no key without a password can be read");
  return fit ? Result<void>{} : failure("they do not belong together");
}

struct TlsClient::Impl {
  std::string authorities;
  Context context{SSL_CTX_new(TLS_client_method())};
};

namespace {

/// All that trust the same share one: the system's authorities alone take 20 ms to read and some megabytes. It stands
/// here and in no owner because clients are made while a configuration is read, before anything else is there and on
/// any thread, and are shared with those of the configuration before. Nothing lives by it.
struct Shared {
  std::mutex mutex;
  std::map<Digest, std::weak_ptr<const TlsClient>> clients;
};

Shared& shared() {
  static Shared all;
  return all;
}

}  // namespace

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const std::string& authorities) {
  const std::lock_guard lock(shared().mutex);
  std::erase_if(shared().clients, [](const auto& known) { return known.second.expired(); });
  std::weak_ptr<const TlsClient>& place = shared().clients[sha256(authorities)];
  if (std::shared_ptr<const TlsClient> known = place.lock()) return known;
  auto impl = std::make_shared<Impl>();
  impl->authorities = authorities;
  SSL_CTX* const context = impl->context.get();
  if (context == nullptr) return failure("OpenSSL cannot start");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &note_flaw);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (Result<void> trusted = trust(context, authorities); !trusted) return std::unexpected(trusted.error());
  const std::shared_ptr<const TlsClient> client(new TlsClient(std::move(impl)));
  place = client;
  return client;
}

const std::string& TlsClient::authorities() const { return impl_->authorities; }

struct TlsSession::Impl {
  Step step_after(int result);
  void look_for_alert();

  std::shared_ptr<const TlsClient::Impl> client;  // an SSL holds its context too, but not what we made of it
  std::vector<TlsFlaw> flaws;
  Session session;
  bool broken = false;  // nothing may be sent any more
  net::Failure failure;
};

TlsSession::Step TlsSession::Impl::step_after(int result) {
  const int error_number = errno;
  const int code = SSL_get_error(session.get(), result);
  if (code == SSL_ERROR_WANT_READ) return Step::wants_to_read;
  if (code == SSL_ERROR_WANT_WRITE) return Step::wants_to_write;
  if (code == SSL_ERROR_ZERO_RETURN) return Step::closed;
  broken = true;
  const unsigned long last = ERR_peek_last_error();
  const bool ended = ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  ERR_clear_error();
  if (ended || (last == 0 && error_number == 0)) return Step::closed;
  failure = net::handshake_failure(last);
  if (last == 0) failure.reason = error_words(error_number);
  return Step::failed;
}

/// Why a peer no longer takes what it is sent: it may have said so before it closed, and that is still there to read.
void TlsSession::Impl::look_for_alert() {
  char byte = 0;
  std::size_t got = 0;
  if (SSL_read_ex(session.get(), &byte, 1, &got) == 1) return ERR_clear_error();
  const unsigned long last = ERR_peek_last_error();
  const bool alert = ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) >= SSL_AD_REASON_OFFSET;
  if (const char* const words = alert ? ERR_reason_error_string(last) : nullptr) failure.reason = words;
  ERR_clear_error();
}

TlsSession::TlsSession(const TlsClient& client, int socket, const std::string& name, TlsVersions versions)
    : impl_(std::make_unique<Impl>()) {
  impl_->client = client.impl_;
  impl_->session.reset(SSL_new(impl_->client->context.get()));
  SSL* const session = impl_->session.get();
  BIO* const bio = session != nullptr ? bio_of(socket) : nullptr;
  if (bio == nullptr) throw std::runtime_error("OpenSSL has no memory for a session");
  SSL_set_bio(session, bio, bio);
  SSL_set_app_data(session, &impl_->flaws);
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(session);
  if (is_numeric(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
  } else {
    SSL_set_tlsext_host_name(session, name.c_str());
    // Beside other names a CN is no name of a host.
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size());
  }
  if (versions == TlsVersions::any) {
    SSL_set_min_proto_version(session, TLS1_VERSION);
    SSL_set_security_callback(session, &allow_old);
  }
  SSL_set_connect_state(session);
}

TlsSession::~TlsSession() {
  if (SSL_is_init_finished(impl_->session.get()) == 0 || impl_->broken) return;
  SSL_shutdown(impl_->session.get());
  ERR_clear_error();
}

TlsSession::Step TlsSession::shake_hands() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(impl_->session.get());
  return result == 1 ? Step::done : impl_->step_after(result);
}

TlsSession::Step TlsSession::read(std::span<char> into, std::size_t& got) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_read_ex(impl_->session.get(), into.data(), into.size(), &got);
  return result == 1 ? Step::done : impl_->step_after(result);
}

TlsSession::Step TlsSession::write(std::string_view text, std::size_t& taken) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write_ex(impl_->session.get(), text.data(), text.size(), &taken);
  if (result == 1) return Step::done;
  const Step step = impl_->step_after(result);
  if (impl_->broken) impl_->look_for_alert();
  return step;
}

const net::Failure& TlsSession::failure() const { return impl_->failure; }

TlsSeen look_at(void* any) {
  auto* const session = static_cast<SSL*>(any);
  TlsSeen seen{.version = SSL_version(session) - TLS1_VERSION + 10};
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(session);
  const STACK_OF(X509)* const found = SSL_get0_verified_chain(session);
  seen.chain = links_of(found != nullptr ? found : sent);
  seen.shown = certificates_of(sent);
  return seen;
}

TlsSeen TlsSession::seen() const {
  SSL* const session = impl_->session.get();
  TlsSeen seen = look_at(session);
  if (const X509* const own = SSL_get0_peer_certificate(session)) note_names(own, seen);
  seen.flaws = impl_->flaws;
  return seen;
}

}  // namespace candor::probes
