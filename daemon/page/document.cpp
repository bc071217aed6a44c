#include "daemon/page/document.h"

#include <stdexcept>

#include <fmt/format.h>
#define ZLIB_CONST  // zlib then promises not to write to its input
#include <zlib.h>

#include "base/signature.h"
#include "daemon/page/style.h"

namespace candor::page {
namespace {

/// RFC 1952, with no time in it, so that equal bodies give equal bytes. Of large bodies, such as lists of hundreds of
/// incidents, the last percent would cost several times what all of it costs otherwise.
std::string compress(std::string_view body) {
  constexpr int gzip_window = 15 + 16;
  constexpr std::size_t large = 64 * 1024;
  const int level = body.size() < large ? Z_BEST_COMPRESSION : Z_DEFAULT_COMPRESSION;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc{};
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error{fmt::format("zlib could not compress a page: {}", result)};
  out.resize(stream.total_out);
  return out;
}

std::string_view content_type(Document::Kind kind) {
  switch (kind) {
    case Document::Kind::html:
      return "text/html; charset=utf-8";
    case Document::Kind::json:
      return "application/json; charset=utf-8";
    case Document::Kind::svg:
      return "image/svg+xml";
    case Document::Kind::text:
      break;
  }
  return "text/plain; charset=utf-8";
}

Variant make_variant(Document::Kind kind, std::shared_ptr<const std::string> body, std::string etag, bool gzip) {
  Variant variant{.body = std::move(body), .etag = std::move(etag)};
  variant.not_modified = {{"ETag", variant.etag},
                          {"Cache-Control", fmt::format("public, max-age={}", max_age_s)},
                          {"Vary", "Accept-Encoding"}};
  if (kind == Document::Kind::json) variant.not_modified.emplace_back("Access-Control-Allow-Origin", "*");
  variant.headers = common_headers(kind);
  variant.headers.insert(variant.headers.end(), variant.not_modified.begin(), variant.not_modified.begin() + 3);
  if (gzip) variant.headers.emplace_back("Content-Encoding", "gzip");
  return variant;
}

/// Standard base64 of a digest, as a policy's hashes are written.
std::string encode_base64(const Digest& digest) {
  std::string text = encode_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace

Document::Document(Kind kind, std::string body)
    : kind_(kind), body_(std::make_shared<const std::string>(std::move(body))) {}

Document::Document(Kind kind, Make make) : kind_(kind), make_(std::move(make)) {}

const std::shared_ptr<const std::string>& Document::made_body() const {
  std::call_once(body_once_, [this] {
    if (!make_) return;
    body_ = std::make_shared<const std::string>(make_());
    make_ = nullptr;
  });
  return body_;
}

const Variant& Document::made_identity() const {
  std::call_once(identity_.once, [this] {
    const std::shared_ptr<const std::string>& body = made_body();
    const Digest digest = sha256(*body);
    const std::string hash = encode_base64url({reinterpret_cast<const char*>(digest.data()), 18});
    identity_.variant = make_variant(kind_, body, fmt::format("\"{}\"", hash), false);
  });
  return identity_.variant;
}

const Variant& Document::made_gzip() const {
  std::call_once(gzip_.once, [this] {
    std::string compressed = compress(body());
    if (compressed.size() < body().size()) {
      std::string etag = made_identity().etag;
      etag.insert(etag.size() - 1, "-gzip");
      gzip_.variant =
          make_variant(kind_, std::make_shared<const std::string>(std::move(compressed)), std::move(etag), true);
    }
    gzip_made_ = true;
  });
  return gzip_.variant;
}

const Variant& Document::identity() const {
  identity_.asked_for.store(true, std::memory_order_relaxed);
  return made_identity();
}

const Variant& Document::gzip() const {
  gzip_.asked_for.store(true, std::memory_order_relaxed);
  return made_gzip();
}

void Document::prepare_for_visitors_of(const Document& previous) const {
  if (previous.identity_.asked_for.load(std::memory_order_relaxed)) (void)made_identity();
  if (previous.gzip_.asked_for.load(std::memory_order_relaxed)) (void)made_gzip();
}

std::shared_ptr<const Document> make_document(Document::Kind kind, std::string body,
                                              const std::shared_ptr<const Document>& previous) {
  if (previous && previous->kind() == kind && previous->body() == body) return previous;
  auto document = std::make_shared<const Document>(kind, std::move(body));
  if (previous) document->prepare_for_visitors_of(*previous);
  return document;
}

Headers common_headers(Document::Kind kind) {
  Headers headers{{"Content-Type", std::string{content_type(kind)}}, {"X-Content-Type-Options", "nosniff"}};
  if (kind == Document::Kind::json) headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (kind == Document::Kind::html) {
    headers.emplace_back("Content-Security-Policy", content_security_policy());
    headers.emplace_back("Referrer-Policy", "strict-origin-when-cross-origin");
  }
  return headers;
}

const std::string& content_security_policy() {
  static const std::string policy = fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
      "frame-ancestors 'none'",
      encode_base64(sha256(style)));
  return policy;
}

}  // namespace candor::page
