#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace candor::net::test {

/// A name server on 127.0.0.1 that is asked to look after its sockets; answers what `answer` makes of a question.
class NameServer {
 public:
  NameServer();
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  void listen_on_tcp() const;
  [[nodiscard]] std::string address() const;  ///< "127.0.0.1:PORT"
  void serve();

  std::vector<std::string> questions;
  std::function<std::vector<std::string>(const std::string& question, bool tcp)> answer;

 private:
  std::vector<std::string> ask(const std::string& question, bool tcp);

  int udp_ = -1;
  int tcp_ = -1;
  int peer_ = -1;
  std::uint16_t port_ = 0;
};

/// The question's own bytes with another header, and an A record for each of the addresses.
[[nodiscard]] std::string reply(std::string question, unsigned flags, const std::vector<std::string>& addresses = {});
/// The good answer of a name that has these addresses and none of IPv6.
[[nodiscard]] std::string addresses_reply(const std::string& question, const std::vector<std::string>& addresses);

}  // namespace candor::net::test
