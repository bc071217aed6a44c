#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/folder.h"

namespace candor::probes::test {

/// A network of this thread's own as long as it lives: loopback, and the device `tun0` with 10.9.9.1/24, behind which
/// the test itself stands. Needs root; where there is none, or no /dev/net/tun, ready() says no.
class OwnNetwork {
 public:
  OwnNetwork();
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  [[nodiscard]] bool ready() const { return tun_ >= 0; }
  /// What net.ipv4.ping_group_range says: which groups may ping.
  void allow_pings(const std::string& groups);
  /// As many containers are: IPv6 sockets can be opened, and connect to nobody.
  void turn_off_ipv6();
  /// As this machine's own firewall may: nothing can be sent to this address.
  void forbid(const std::string& address);
  /// No local port is left to ask from.
  void use_up_ports();
  /// What a file of the system, such as /etc/hosts, says to this thread and to those that it starts. Answers whether
  /// that could be done.
  [[nodiscard]] bool set_file(const std::string& path, const std::string& content);
  /// Adds 10.8.0.1/16 on an Ethernet of its own where nobody answers, not even who asks where a host is (ARP). Answers
  /// whether that could be done.
  [[nodiscard]] bool add_dead_ethernet();
  /// Gives each IPv4 packet that was sent to tun0 to `take`, and sends what that answers.
  void serve(const std::function<std::string(std::string packet)>& take);

 private:
  int before_ = -1;
  int tun_ = -1;
  int tap_ = -1;
  std::vector<int> ports_;
  Folder folder_;
  std::set<std::string> own_files_;
};

/// The answer to an echo request in an IPv4 packet, as a host would send it.
[[nodiscard]] std::string echo_reply(std::string packet);
/// What a router sends about a packet: destination unreachable, with this code (RFC 792).
[[nodiscard]] std::string unreachable(const std::string& packet, char code);
/// Sets the checksum of the ICMP message in an IPv4 packet.
[[nodiscard]] std::string with_checksum(std::string packet);

}  // namespace candor::probes::test
