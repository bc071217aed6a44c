#include "raw_client.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/text.h"

namespace candor::http {

std::string RawResponse::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(line.size() + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name)) continue;
    return std::string{trimmed(line.substr(colon + 1))};
  }
  return {};
}

RawClient::RawClient(const Address& server) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  inet_pton(AF_INET, server.host.c_str(), &address.sin_addr);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to " + server.text());
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  std::array<char, 16384> buffer{};
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

RawResponse RawClient::receive(bool bodiless) {
  RawResponse response;
  std::size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!fill()) return response;
    end = received_.find("\r\n\r\n");
  }
  response.head = received_.substr(0, end);
  received_.erase(0, end + 4);
  response.status = std::stoi(response.head.substr(9, 3));
  const std::string length = response.header("Content-Length");
  if (bodiless || length.empty()) return response;
  while (received_.size() < std::stoul(length)) {
    if (!fill()) break;
  }
  response.body = received_.substr(0, std::stoul(length));
  received_.erase(0, response.body.size());
  return response;
}

RawResponse RawClient::ask(std::string_view bytes) {
  send(bytes);
  return receive();
}

bool RawClient::drip() const {
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) == 1;
}

std::string RawClient::rest() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}

void RawClient::finish_sending() const { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(std::exchange(socket_, -1));
}

RunningServer::RunningServer(Handler handler, Limits limits)
    : server_(std::make_unique<Server>(loop_, limits, std::move(handler))) {
  const Result<Address> address = server_->listen({"127.0.0.1", 0});
  if (!address) throw std::runtime_error(address.error().message);
  address_ = *address;
  thread_ = std::thread{[this] { loop_.run(); }};
}

RunningServer::~RunningServer() {
  on_loop([this] { server_.reset(); });
  loop_.stop();
  thread_.join();
}

void RunningServer::on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

RawResponse RunningServer::ask(std::string_view bytes) const { return RawClient{address_}.ask(bytes); }

void echo(Request request, Reply reply) {
  reply(Response::text(200, request.method + "\n" + request.path + "\n" + request.query + "\n" + request.body));
}

}  // namespace candor::http
