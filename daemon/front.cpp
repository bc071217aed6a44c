#include "daemon/front.h"

#include <thread>

#include "base/log.h"
#include "base/priority.h"
#include "daemon/page/page.h"
#include "daemon/page/renderer.h"

namespace candor {
namespace {

constexpr std::size_t most_hops = 64;
constexpr Duration most_for_draining = std::chrono::seconds{2};

/// Takes a question from the visitors' thread to the main loop and the answer back.
class AckHop final : public page::AckDesk {
 public:
  AckHop(net::Loop& front, net::Loop& main, AckOffice& office) : front_(front), main_(main), office_(office) {}

  void describe(std::string token, Done done) override {
    cross(std::move(token), std::move(done), &page::AckDesk::describe);
  }
  void ack(std::string token, Done done) override { cross(std::move(token), std::move(done), &page::AckDesk::ack); }

 private:
  /// Only a link that is ours goes over, and only so many at a time: a crowd of false ones stays on this side.
  void cross(std::string token, Done done, void (page::AckDesk::*question)(std::string, Done)) {
    if (const std::optional<page::AckRefusal> refusal = office_.refusal(token)) {
      done(std::unexpected(*refusal));
      return;
    }
    if (under_way_ >= most_hops) {
      done(std::unexpected(page::AckRefusal{page::AckRefusal::Kind::unavailable}));
      return;
    }
    ++under_way_;
    main_.post([this, token = std::move(token), done = std::move(done), question]() mutable {
      (office_.*question)(std::move(token), way_back(std::move(done)));
    });
  }

  Done way_back(Done done) {
    return [this, done = std::move(done)](std::expected<page::AckSubject, page::AckRefusal> answer) mutable {
      front_.post([this, done = std::move(done), answer = std::move(answer)]() mutable {
        --under_way_;
        done(std::move(answer));
      });
    };
  }

  net::Loop& front_;
  net::Loop& main_;
  AckOffice& office_;
  std::size_t under_way_ = 0;  ///< the visitors' thread's
};

}  // namespace

struct Front::Impl {
  net::Loop loop;
  page::Page page;
  page::Renderer renderer{page};
  AckHop hop;
  std::shared_ptr<page::AckPages> ack_pages;  ///< the visitors' thread's, once that runs
  http::Server server;
  net::Timer patience{loop};
  std::thread thread;
  bool draining = false;

  Impl(net::Loop& main_loop, AckOffice& acks) : hop(loop, main_loop, acks), server(loop, limits(), handler()) {}

  static http::Limits limits() {
    http::Limits limits;
    limits.body_bytes = 4 * 1024;  // a visitor sends nothing but the ack form, which is empty
    limits.all_unread_bytes = std::size_t{16} << 20U;
    limits.connections_an_address = 10'000;  // one may be a proxy's, with everybody behind it
    return limits;
  }

  http::Handler handler() {
    http::Handler handler = [this](http::Request request, http::Reply reply) {
      if (page::AckPages::concerns(request)) {
        // They stay until they have answered, should a reload replace them meanwhile.
        ack_pages->handle(request, [pages = ack_pages, reply = std::move(reply)](http::Response response) mutable {
          reply(std::move(response));
        });
      } else {
        page.handle(request, std::move(reply));
      }
    };
    handler.takes_body = [](const http::Request&) { return false; };
    return handler;
  }
};

Front::Front(net::Loop& main_loop, AckOffice& acks) : impl_(std::make_unique<Impl>(main_loop, acks)) {}

Front::~Front() { stop(); }

Result<http::Address> Front::start(const http::Address& address, std::optional<int> inherited) {
  return inherited ? impl_->server.adopt(*inherited) : impl_->server.listen(address);
}

void Front::serve(std::shared_ptr<const page::View> first) {
  impl_->renderer.show(std::move(first));
  impl_->thread = std::thread{[this] {
    give_way();
    impl_->renderer.wait_for_first();
    for (;;) {
      try {
        impl_->loop.run();
        return;
      } catch (const std::exception& error) {
        // One visitor's request; the others go on.
        log::error("page_task_failed", {}, error.what());
      }
    }
  }};
}

void Front::show(std::shared_ptr<const page::View> view) { impl_->renderer.show(std::move(view)); }

void Front::configure(page::PageSettings settings) {
  impl_->loop.post([this, settings = std::move(settings)]() mutable {
    impl_->ack_pages = std::make_shared<page::AckPages>(impl_->hop, std::move(settings));
  });
}

http::Traffic Front::traffic() const { return impl_->server.traffic(); }

void Front::drain() {
  if (impl_->draining) return;
  impl_->draining = true;
  impl_->renderer.finish();
  impl_->loop.post([this] {
    impl_->patience.after(most_for_draining, [this] { impl_->loop.stop(); });
    impl_->server.drain([this] { impl_->loop.stop(); });
  });
}

void Front::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->renderer.stop();
  drain();
  impl_->thread.join();
}

}  // namespace candor
