#include "daemon/page/document.h"

#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/page/support.h"

namespace candor::page {
namespace {

using Kind = Document::Kind;

const std::string long_body(20'000, 'a');

TEST(PageDocument, is_compressed_when_somebody_asks_for_it) {
  const auto document = make_document(Kind::html, long_body);
  (void)document->identity();
  EXPECT_FALSE(document->gzip_is_ready());
  EXPECT_EQ(inflate_gzip(*document->gzip().body), long_body);
  EXPECT_TRUE(document->gzip_is_ready());
  EXPECT_EQ(&document->gzip(), &document->gzip());
}

TEST(PageDocument, is_made_once_when_somebody_asks_for_it) {
  int made = 0;
  const Document document{Kind::html, [&made] {
                            ++made;
                            return long_body;
                          }};
  EXPECT_EQ(made, 0);
  EXPECT_EQ(inflate_gzip(*document.gzip().body), long_body);
  EXPECT_EQ(*document.identity().body, long_body);
  EXPECT_EQ(document.body(), long_body);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(document.identity().etag, (Document{Kind::html, long_body}.identity().etag));
}

TEST(PageDocument, is_ready_for_those_who_asked_for_the_one_before) {
  const auto first = make_document(Kind::html, long_body);
  (void)first->gzip();
  const auto second = make_document(Kind::html, long_body + "b", first);
  EXPECT_TRUE(second->gzip_is_ready());
  // Nobody asked for the second.
  const auto third = make_document(Kind::html, long_body + "c", second);
  EXPECT_FALSE(third->gzip_is_ready());
}

TEST(PageDocument, stays_where_nothing_changed) {
  const auto first = make_document(Kind::html, "a");
  EXPECT_EQ(make_document(Kind::html, "a", first), first);
  EXPECT_NE(make_document(Kind::text, "a", first), first);
}

TEST(PageDocument, is_not_sent_larger_than_it_is) {
  const Document document{Kind::text, "a"};
  EXPECT_EQ(document.gzip().body, nullptr);
  EXPECT_EQ(*document.identity().body, "a");
}

TEST(PageDocument, has_a_tag_for_each_variant) {
  const Document document{Kind::html, long_body};
  const std::string tag = document.identity().etag;
  EXPECT_EQ(document.gzip().etag, tag.substr(0, tag.size() - 1) + "-gzip\"");
  EXPECT_EQ((Document{Kind::html, long_body}.identity().etag), tag);
  EXPECT_NE((Document{Kind::html, long_body + "b"}.identity().etag), tag);
}

TEST(PageDocument, gives_all_threads_the_same) {
  const Document document{Kind::html, long_body};
  std::shared_ptr<const std::string> here;
  std::shared_ptr<const std::string> there;
  std::thread other{[&] { there = document.gzip().body; }};
  here = document.gzip().body;
  other.join();
  EXPECT_EQ(here, there);
}

}  // namespace
}  // namespace candor::page
