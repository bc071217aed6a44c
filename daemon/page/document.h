#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace candor::page {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One encoding of a document, with everything an answer needs.
struct Variant {
  std::shared_ptr<const std::string> body;
  std::string etag;      ///< strong (RFC 9110, section 8.8.3), with its quotes
  Headers headers;       ///< of a 200
  Headers not_modified;  ///< of a 304
};

/// Something the public listener serves. What it says never changes. A variant is made when it is first asked for,
/// since most never are, and kept: later hits only pick it. Any thread.
class Document {
 public:
  enum class Kind : std::uint8_t { html, json, svg, text };

  using Make = std::function<std::string()>;

  Document(Kind kind, std::string body);
  /// Its body is made by `make` when it is first asked for, too, by whoever does. It answers the same whenever that is.
  Document(Kind kind, Make make);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& body() const { return *made_body(); }

  [[nodiscard]] const Variant& identity() const;
  /// No body where compressing would not make it smaller.
  [[nodiscard]] const Variant& gzip() const;

  /// Makes those variants that somebody asked `previous` for, so that its visitors do not wait for them here.
  void prepare_for_visitors_of(const Document& previous) const;
  /// Whether gzip() answers without compressing first.
  [[nodiscard]] bool gzip_is_ready() const { return gzip_made_; }

 private:
  struct Lazy {
    std::once_flag once;
    std::atomic<bool> asked_for = false;
    Variant variant;
  };

  const std::shared_ptr<const std::string>& made_body() const;
  const Variant& made_identity() const;
  const Variant& made_gzip() const;

  Kind kind_;
  mutable Make make_;  ///< none once there is a body
  mutable std::once_flag body_once_;
  mutable std::shared_ptr<const std::string> body_;
  mutable Lazy identity_;
  mutable Lazy gzip_;
  mutable std::atomic<bool> gzip_made_ = false;
};

/// How long browsers and caches may show what they have, in seconds.
inline constexpr int max_age_s = 10;

/// A document that takes the place of `previous`. Where that one has the same kind and body, it stays.
[[nodiscard]] std::shared_ptr<const Document> make_document(Document::Kind kind, std::string body,
                                                            const std::shared_ptr<const Document>& previous = nullptr);

/// The headers that every answer of a kind has: its type, and what browsers may do with it.
[[nodiscard]] Headers common_headers(Document::Kind kind);

/// Content-Security-Policy of our HTML: nothing but its own style, own images and own forms.
[[nodiscard]] const std::string& content_security_policy();

}  // namespace candor::page
