#include "tests/unit/net/fake_server.h"

#include <algorithm>
#include <list>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace candor::net::test {
namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

namespace {

std::size_t body_size(const std::string& head) {
  const std::string name = "content-length: ";
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
  return at == head.end() ? 0 : std::stoul(std::string{at + static_cast<std::ptrdiff_t>(name.size()), head.end()});
}

}  // namespace

struct FakeServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection {
    Connection(tcp::socket the_socket, int the_number) : socket(std::move(the_socket)), number(the_number) {}
    tcp::socket socket;
    int number;
    std::string input;
    std::string output;
  };

  Impl(Loop& loop, Answer the_answer, const std::string& address)
      : acceptor(loop.context(), {asio::ip::make_address_v4(address), 0}), answer(std::move(the_answer)) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](const Error& error, tcp::socket socket) {
      if (error) return;
      self->open.push_back(std::make_shared<Connection>(std::move(socket), ++self->count));
      self->read(self->open.back());
      self->accept();
    });
  }

  void read(const std::shared_ptr<Connection>& connection) {
    asio::async_read_until(connection->socket, asio::dynamic_buffer(connection->input), "\r\n\r\n",
                           [self = shared_from_this(), connection](const Error& error, std::size_t head) {
                             if (!error) self->read_body(connection, head);
                           });
  }

  void read_body(const std::shared_ptr<Connection>& connection, std::size_t head) {
    const std::size_t whole = head + body_size(connection->input.substr(0, head));
    const std::size_t missing = whole - std::min(whole, connection->input.size());
    asio::async_read(connection->socket, asio::dynamic_buffer(connection->input), asio::transfer_exactly(missing),
                     [self = shared_from_this(), connection, head, whole](const Error& error, std::size_t) {
                       if (!error) self->reply(connection, head, whole);
                     });
  }

  void reply(const std::shared_ptr<Connection>& connection, std::size_t head, std::size_t whole) {
    requests.push_back(
        {connection->number, connection->input.substr(0, head), connection->input.substr(head, whole - head)});
    connection->input.erase(0, whole);
    const std::optional<std::string> bytes = answer(requests.back());
    if (!bytes) return;
    connection->output = *bytes;
    const bool last = bytes->empty() || bytes->find("Connection: close") != std::string::npos;
    asio::async_write(connection->socket, asio::buffer(connection->output),
                      [self = shared_from_this(), connection, last](const Error& error, std::size_t) {
                        Error ignored;
                        if (error || last) {
                          connection->socket.close(ignored);
                        } else {
                          self->read(connection);
                        }
                      });
  }

  tcp::acceptor acceptor;
  Answer answer;
  std::list<std::shared_ptr<Connection>> open;
  std::vector<FakeRequest> requests;
  int count = 0;
};

FakeServer::FakeServer(Loop& loop, Answer answer, const std::string& address)
    : impl_(std::make_shared<Impl>(loop, std::move(answer), address)) {
  impl_->accept();
}

FakeServer::~FakeServer() {
  Error ignored;
  impl_->acceptor.close(ignored);
  drop_connections();
}

std::uint16_t FakeServer::port() const { return impl_->acceptor.local_endpoint().port(); }
std::string FakeServer::authority() const {
  return impl_->acceptor.local_endpoint().address().to_string() + ":" + std::to_string(port());
}
std::string FakeServer::url(const std::string& path) const { return "http://" + authority() + path; }
int FakeServer::connections() const { return impl_->count; }
const std::vector<FakeRequest>& FakeServer::requests() const { return impl_->requests; }

void FakeServer::drop_connections() {
  Error ignored;
  for (const auto& connection : impl_->open) connection->socket.close(ignored);
  impl_->open.clear();
}

void FakeServer::say(const std::string& bytes) {
  Error ignored;
  for (const auto& connection : impl_->open) asio::write(connection->socket, asio::buffer(bytes), ignored);
}

std::string http_answer(const std::string& status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

std::uint16_t closed_port() {
  asio::io_context context;
  const tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

}  // namespace candor::net::test
