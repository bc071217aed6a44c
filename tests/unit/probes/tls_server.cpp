#include "tests/unit/probes/tls_server.h"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <csignal>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace candor::probes::test {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freer<SSL_free>>;
using Bytes = std::unique_ptr<BIO, Freer<BIO_free>>;

Certificate sign_for(const std::string& host, int days, const TlsOddity& odd, EVP_PKEY* key) {
  Certificate certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10L * 86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 86'400L);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const std::string& common = odd.common_name.empty() ? host : odd.common_name;
  if (odd.has_subject) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                               0);
  }
  X509_set_issuer_name(certificate.get(), name);
  const bool address = std::string_view{"0123456789"}.find(host.front()) != std::string_view::npos;
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ((address ? "IP:" : "DNS:") + host).c_str());
  if (odd.has_other_names) X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

}  // namespace

struct TlsServer::Impl {
  Impl(const std::string& host, int days, const TlsOddity& odd)
      : key(EVP_EC_gen("P-256")), certificate(sign_for(host, days, odd, key.get())), keeps_open(odd.keeps_open) {
    const std::string first = odd.redirects_to.empty() ? "200 OK" : "302 Found\r\nLocation: " + odd.redirects_to;
    const std::string_view close = keeps_open ? "" : "Connection: close\r\n";
    answer = std::string{"HTTP/1.1 "}.append(first).append("\r\n").append(close).append("Content-Length: 2\r\n\r\nok");
    if (odd.oldest < 12) SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION + odd.oldest - 10);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_VERSION + odd.newest - 10);
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(odd.port);
    const int again = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
    bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener, 16);
    socklen_t size = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread = std::jthread{[this] { serve(); }};
  }

  ~Impl() {
    shutdown(listener, SHUT_RDWR);
    if (const int client = asking; client >= 0) shutdown(client, SHUT_RDWR);
    thread.join();
    close(listener);
  }

  void serve() {
    // OpenSSL writes to clients that have hung up.
    sigset_t pipe{};
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (int client = accept(listener, nullptr, nullptr); client >= 0; client = accept(listener, nullptr, nullptr)) {
      asking = client;
      const Session session{SSL_new(context.get())};
      SSL_set_fd(session.get(), client);
      if (SSL_accept(session.get()) == 1) {
        std::array<char, 4096> request{};
        while (SSL_read(session.get(), request.data(), request.size()) > 0) {
          SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
          if (!keeps_open) break;
        }
        SSL_shutdown(session.get());
      }
      asking = -1;
      close(client);
    }
  }

  Context context{SSL_CTX_new(TLS_server_method())};
  Key key;
  Certificate certificate;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  const bool keeps_open;
  std::string answer;
  std::atomic<int> asking = -1;  // the client's socket
  std::jthread thread;
};

TlsServer::TlsServer(const std::string& host, int days, const TlsOddity& odd)
    : impl_(std::make_unique<Impl>(host, days, odd)) {}
TlsServer::~TlsServer() = default;

std::uint16_t TlsServer::port() const { return impl_->port; }

std::string TlsServer::certificate() const {
  const Bytes bytes{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bytes.get(), impl_->certificate.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bytes.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace candor::probes::test
