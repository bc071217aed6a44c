#include "tests/unit/net/flood.h"

#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace candor::net::test {

Flood::Flood(std::string first, std::string again) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  std::string many;
  while (many.size() < std::size_t{1} << 16U) many += again;
  thread_ = std::thread{[this, first = std::move(first), many = std::move(many)] { serve(first, many); }};
}

Flood::~Flood() {
  ::shutdown(listener_, SHUT_RDWR);
  if (const int client = client_; client >= 0) ::shutdown(client, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string Flood::authority() const { return "127.0.0.1:" + std::to_string(port_); }

void Flood::serve(const std::string& first, const std::string& again) {
  for (int client = 0; (client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(client)) {
    client_ = client;
    std::array<char, 4096> heard{};
    if (::recv(client, heard.data(), heard.size(), 0) <= 0) continue;
    if (::send(client, first.data(), first.size(), MSG_NOSIGNAL) < 0) continue;
    while (::send(client, again.data(), again.size(), MSG_NOSIGNAL) > 0) {
    }
  }
}

}  // namespace candor::net::test
