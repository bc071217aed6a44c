#include "daemon/page/settings.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace candor::page {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Read {
  PageSettings settings;
  std::vector<Problem> problems;
};

Read read(std::string_view toml) {
  Problems problems;
  const auto document = Document::parse(toml, "candor.toml", problems);
  PageSettings settings = read_page(document->root().table("page"));
  document->refuse_unknown();
  return {settings, problems.list()};
}

TEST(PageSettings, has_defaults_without_a_table_and_leaves_the_address_to_the_caller) {
  const PageSettings settings = read_page(std::nullopt);
  EXPECT_EQ(settings.name, "Status");
  EXPECT_EQ(settings.url, "");
  EXPECT_FALSE(settings.support_url);
  EXPECT_EQ(settings.unseen_after, std::chrono::minutes{5});
}

TEST(PageSettings, reads_what_is_there) {
  const Read it = read(
      "[page]\nname = \"Acme\"\nurl = \"https://acme.example/status\"\nsupport_url = \"mailto:help@acme.example\"");
  EXPECT_TRUE(it.problems.empty());
  EXPECT_EQ(it.settings.name, "Acme");
  EXPECT_EQ(it.settings.url, "https://acme.example/status");
  EXPECT_EQ(it.settings.support_url, "mailto:help@acme.example");
}

TEST(PageSettings, refuses_what_is_no_web_address) {
  for (const char* url : {"", "status.acme.example", "ftp://acme.example", "javascript:alert(1)", "https://",
                          "https://:80", "https://acme.example/", "https://acme.example/?a=b",
                          "https://acme.example/#top", "https://me:secret@acme.example", "https://acme.example/a b",
                          "https://acme.example/'x'", "https://acme.example/<b>"}) {
    const Read it = read("[page]\nurl = \"" + std::string{url} + "\"");
    ASSERT_EQ(it.problems.size(), 1U) << url;
    EXPECT_THAT(it.problems.front().text(), HasSubstr("candor.toml:2:")) << url;
    EXPECT_EQ(it.settings.url, "") << url;
  }
}

TEST(PageSettings, refuses_a_support_address_that_a_browser_should_not_follow) {
  for (const char* url :
       {"javascript:alert(1)", "mailto:", "mailto:help", "mailto:@acme.example", "data:text/html,x", "help"}) {
    EXPECT_EQ(read("[page]\nsupport_url = \"" + std::string{url} + "\"").problems.size(), 1U) << url;
  }
}

TEST(PageSettings, shows_no_password_of_a_wrong_address) {
  for (const char* line :
       {"url = \"https://me:secret@acme.example\"", "support_url = \"ftp://me:secret@acme.example\""}) {
    const Read it = read("[page]\n" + std::string{line});
    ASSERT_EQ(it.problems.size(), 1U) << line;
    EXPECT_THAT(it.problems.front().text(), testing::AllOf(HasSubstr("//***@acme.example"), Not(HasSubstr("secret"))));
  }
}

TEST(PageSettings, tells_every_mistake_at_once) {
  const Read it = read("[page]\nname = \" \"\nurl = 7\nsupport_url = \"x\"\ntitle = \"y\"");
  EXPECT_EQ(it.problems.size(), 4U);
}

TEST(PageSettings, refuses_a_name_that_nobody_sees) {
  for (const char* name : {"", " ", "\u202e", "\u200b"}) {
    EXPECT_EQ(read("[page]\nname = \"" + std::string{name} + "\"").problems.size(), 1U) << name;
  }
}

TEST(PageSettings, knows_under_which_path_the_page_lives) {
  EXPECT_EQ((PageSettings{.url = "https://acme.example"}.path_prefix()), "");
  EXPECT_EQ((PageSettings{.url = "https://acme.example/a/status"}.path_prefix()), "/a/status");
  EXPECT_EQ(PageSettings{}.path_prefix(), "");
}

}  // namespace
}  // namespace candor::page
