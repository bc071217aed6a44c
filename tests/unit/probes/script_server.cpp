#include "tests/unit/probes/script_server.h"

#include <arpa/inet.h>
#include <array>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace candor::probes::test {

struct ScriptServer::Impl {
  explicit Impl(Serve the_serve) : serve(std::move(the_serve)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener, 16);
    socklen_t size = sizeof address;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread = std::jthread{[this] { accept_all(); }};
  }

  ~Impl() {
    shutdown(listener, SHUT_RDWR);
    {
      const std::lock_guard lock(mutex);
      if (open_client >= 0) shutdown(open_client, SHUT_RDWR);
    }
    thread.join();
    close(listener);
  }

  void accept_all() {
    for (int client = accept(listener, nullptr, nullptr); client >= 0; client = accept(listener, nullptr, nullptr)) {
      now_open(client);
      serve(client);
      now_open(-1);
      close(client);
    }
  }

  void now_open(int client) {
    const std::lock_guard lock(mutex);
    open_client = client;
  }

  Serve serve;
  std::mutex mutex;
  int open_client = -1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  std::jthread thread;
};

ScriptServer::ScriptServer(Serve serve) : impl_(std::make_unique<Impl>(std::move(serve))) {}
ScriptServer::~ScriptServer() = default;

std::string ScriptServer::address() const { return "127.0.0.1:" + std::to_string(impl_->port); }

bool say(int socket, const std::string& text) {
  return send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string hear(int socket, const std::string& end) {
  std::string heard;
  for (char c = 0; !heard.ends_with(end) && recv(socket, &c, 1, 0) == 1;) heard += c;
  return heard;
}

void relay(int socket, std::uint16_t port) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address);
  std::array<pollfd, 2> both{{{socket, POLLIN, 0}, {server, POLLIN, 0}}};
  std::array<char, 4096> buffer{};
  for (bool open = true; open;) {
    poll(both.data(), both.size(), -1);
    for (std::size_t i = 0; i < both.size() && open; ++i) {
      if (both.at(i).revents == 0) continue;
      const ssize_t got = recv(both.at(i).fd, buffer.data(), buffer.size(), 0);
      open = got > 0 && say(both.at(1 - i).fd, {buffer.data(), static_cast<std::size_t>(got)});
    }
  }
  close(server);
}

void wait_for_end(int socket) {
  std::array<char, 4096> buffer{};
  while (recv(socket, buffer.data(), buffer.size(), 0) > 0) continue;
}

std::string tls_hello_with(const std::string& certificate) {
  const auto sized = [](std::size_t bytes, const std::string& what) {
    std::string size;
    for (std::size_t i = bytes; i > 0; --i) size += static_cast<char>(what.size() >> (8 * (i - 1)) & 0xFFU);
    return size + what;
  };
  const std::string version{"\x03\x03"};
  const std::string cipher{"\xC0\x2F"};  // ECDHE_RSA_WITH_AES_128_GCM_SHA256
  const std::string secure_renegotiation{"\xFF\x01\x00\x01\x00", 5};
  const std::string hello =
      version + std::string(32, 'r') + sized(1, "") + cipher + '\0' + sized(2, secure_renegotiation);
  const std::string handshake = '\x02' + sized(3, hello) + '\x0B' + sized(3, sized(3, sized(3, certificate)));
  return '\x16' + version + sized(2, handshake);
}

}  // namespace candor::probes::test
