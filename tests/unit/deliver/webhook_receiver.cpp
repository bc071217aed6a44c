#include "tests/unit/deliver/webhook_receiver.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"

namespace candor::deliver {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

WebhookReceiver::Request parse(const std::string& head) {
  WebhookReceiver::Request request;
  std::istringstream lines(head);
  std::getline(lines, request.line, '\r');
  for (std::string line; std::getline(lines.ignore(1), line, '\r');) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string& value = request.headers[lower(line.substr(0, colon))];
    value += (value.empty() ? "" : ", ") + line.substr(colon + 2);
  }
  return request;
}

}  // namespace

WebhookReceiver::WebhookReceiver() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port for the test's receiver");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

WebhookReceiver::~WebhookReceiver() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string WebhookReceiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void WebhookReceiver::answer_with(std::vector<std::string> answers) {
  const std::lock_guard lock(mutex_);
  answers_.assign(answers.begin(), answers.end());
}

std::vector<WebhookReceiver::Request> WebhookReceiver::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void WebhookReceiver::serve() {
  while (true) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    serve_one(connection);
    close(connection);
  }
}

void WebhookReceiver::serve_one(int connection) {
  std::string received;
  std::array<char, 4096> buffer{};
  std::size_t wanted = std::string::npos;
  Request request;
  while (received.size() < wanted) {
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    received.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t head = received.find("\r\n\r\n");
    if (wanted == std::string::npos && head != std::string::npos) {
      request = parse(received.substr(0, head + 2));
      const auto length = request.headers.find("content-length");
      wanted = head + 4 + (length == request.headers.end() ? 0 : std::stoul(length->second));
    }
  }
  request.body = received.substr(received.find("\r\n\r\n") + 4);
  std::string answer = "204 No Content\r\n";
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    if (!answers_.empty()) {
      answer = answers_.front();
      answers_.pop_front();
    }
  }
  if (answer.empty()) return;
  const std::string text = "HTTP/1.1 " + answer + "Connection: close\r\nContent-Length: 0\r\n\r\n";
  send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

bool run_until(net::Loop& loop, const std::function<bool()>& condition) {
  const Stopwatch since;
  while (!condition()) {
    if (since.elapsed() > std::chrono::seconds{30}) return false;
    if (loop.poll() == 0) std::this_thread::yield();
  }
  return true;
}

}  // namespace candor::deliver
