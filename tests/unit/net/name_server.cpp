#include "tests/unit/net/name_server.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace candor::net::test {

using namespace std::string_literals;

NameServer::NameServer() {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  for (int i = 0; i < 20; ++i) {
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_port = 0;
    if (bind(udp_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        getsockname(udp_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        bind(tcp_, reinterpret_cast<sockaddr*>(&address), size) == 0) {
      break;
    }
    close(udp_);
    close(tcp_);
  }
  port_ = ntohs(address.sin_port);
}

NameServer::~NameServer() {
  close(udp_);
  close(tcp_);
  if (peer_ >= 0) close(peer_);
}

void NameServer::listen_on_tcp() const {
  if (::listen(tcp_, 5) != 0) throw std::runtime_error("cannot listen");
}

std::string NameServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void NameServer::serve() {
  std::array<char, 4096> buffer{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const ssize_t got = recvfrom(udp_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (got > 0) {
    for (const std::string& message : ask({buffer.data(), static_cast<std::size_t>(got)}, false)) {
      sendto(udp_, message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  if (peer_ < 0) peer_ = accept4(tcp_, nullptr, nullptr, SOCK_NONBLOCK);
  if (peer_ < 0) return;
  const ssize_t read = recv(peer_, buffer.data(), buffer.size(), 0);
  if (read == 0) {
    close(std::exchange(peer_, -1));
  } else if (read > 2) {
    for (const std::string& message : ask({buffer.data() + 2, static_cast<std::size_t>(read) - 2}, true)) {
      const std::string framed{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 0xFFU)};
      send(peer_, (framed + message).data(), message.size() + 2, MSG_NOSIGNAL);
    }
  }
}

std::vector<std::string> NameServer::ask(const std::string& question, bool tcp) {
  questions.push_back(question);
  return answer ? answer(question, tcp) : std::vector<std::string>{};
}

std::string reply(std::string question, unsigned flags, const std::vector<std::string>& addresses) {
  question[2] = static_cast<char>(flags >> 8U);
  question[3] = static_cast<char>(flags & 0xFFU);
  question[7] = static_cast<char>(addresses.size());
  for (const std::string& address : addresses) {
    std::string bytes(4, '\0');
    inet_pton(AF_INET, address.c_str(), bytes.data());
    question += "\xC0\x0C\0\1\0\1\0\0\0\x3C\0\4"s + bytes;
  }
  return question;
}

std::string addresses_reply(const std::string& question, const std::vector<std::string>& addresses) {
  const bool ipv4 = question.ends_with("\0\1\0\1"s);
  return reply(question, 0x8180, ipv4 ? addresses : std::vector<std::string>{});
}

}  // namespace candor::net::test
