// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "control/config/loader.h"
#include "control/config/source.h"

namespace lbd::config {
namespace {

const std::string kPort = "ports: [{name: p0, device: \"af_xdp:e0\", addresses: [10.0.0.1/24]}]\n";

std::string service(const std::string& name, const std::string& address) {
  return "services: [{name: " + name + ", listen: [\"" + address +
         ":80\"], forwarding: dr, scheduler: rr}]\n";
}

/// Works in an empty directory of its own, so that paths and messages are short.
class Include : public testing::Test {
 protected:
  void SetUp() override {
    before_ = std::filesystem::current_path();
    std::string name = std::filesystem::temp_directory_path() / "lbd-config-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    std::filesystem::current_path(directory_);
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(directory_);
  }

  static void write(const std::filesystem::path& path, const std::string& text) {
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static std::string verdict(const std::string& path) {
    const LoadResult result = load_file(path);
    return result.ok() ? "ok\n" : describe(result.errors());
  }

 private:
  std::filesystem::path before_;
  std::filesystem::path directory_;
};

TEST_F(Include, joins_lists_in_the_order_of_names) {
  write("etc/lb.yaml", "include: [conf.d/*.yaml]\n" + kPort + service("c", "10.0.0.83"));
  write("etc/conf.d/b.yaml", service("b", "10.0.0.82"));
  write("etc/conf.d/a.yaml", service("a", "10.0.0.81") + "lbd: {name: x}\n");
  write("etc/conf.d/.hidden.yaml", "nonsense");
  const LoadResult result = load_file("etc/lb.yaml");
  ASSERT_TRUE(result.ok()) << describe(result.errors());
  const Config& config = result.config();
  ASSERT_EQ(config.services.size(), 3u);
  EXPECT_EQ(config.services[0].name, "c");
  EXPECT_EQ(config.services[1].name, "a");
  EXPECT_EQ(config.services[2].name, "b");
  EXPECT_EQ(config.services[1].place.to_string(), "etc/conf.d/a.yaml:1:12");
  EXPECT_EQ(config.daemon.name, "x");
  EXPECT_EQ(config.files,
            (std::vector<std::string>{"etc/lb.yaml", "etc/conf.d/a.yaml", "etc/conf.d/b.yaml"}));
}

TEST_F(Include, names_the_file_of_every_error_in_the_order_of_reading) {
  write("lb.yaml", "include: [b.yaml, a.yaml]\nlbd: {http: 1}\n" + kPort);
  write("a.yaml", "lbd: {name: x}\ncolour: red\n");
  write("b.yaml", "\nports: [{name: p0, device: \"af_xdp:e1\"}]\n");
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:2:7: lbd.http: not supported yet; leave it out or write off\n"
            "b.yaml:2:16: ports[0].name: \"p0\" is ports[0].name at lb.yaml:3:16 too; give each "
            "port a name of its own\n"
            "a.yaml:1:6: lbd: a second one, the first is at lb.yaml:2:6; keep it in one file\n"
            "a.yaml:2:1: unknown key \"colour\"; known here: include, lbd, dataplane, ports, "
            "routes, vrrp, services\n");
}

TEST_F(Include, patterns) {
  write("lb.yaml", "include: [none/*.yaml]\n" + kPort);
  EXPECT_EQ(verdict("lb.yaml"), "ok\n");
  write("lb.yaml", "include: [none.yaml]\n" + kPort);
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:1:11: include[0]: \"none.yaml\" cannot be read: No such file or directory; "
            "name a file that can be read\n");
  // What a file that cannot be read might hold is not reported as missing.
  write("lb.yaml", "include: [none.yaml]\n");
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:1:11: include[0]: \"none.yaml\" cannot be read: No such file or directory; "
            "name a file that can be read\n");
  write("lb.yaml", "include: more.yaml\n" + kPort);
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:1:10: include: expected a list, got \"more.yaml\"; write it as [a, b] or one "
            "\"- a\" a line\n");
  write("lb.yaml", "include: [d*]\n" + kPort);
  std::filesystem::create_directory("d1");
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:1:11: include[0]: \"d1\" is a directory; name a file that can be read\n");
}

TEST_F(Include, wildcards_in_the_directory_of_the_root_are_letters) {
  write("a[b]*/lb.yaml", "include: [x*.yaml]\n" + kPort);
  write("a[b]*/x.yaml", service("a", "10.0.0.81"));
  const LoadResult result = load_file("a[b]*/lb.yaml");
  ASSERT_TRUE(result.ok()) << describe(result.errors());
  EXPECT_EQ(result.config().services.size(), 1u);
}

TEST_F(Include, circles_and_files_given_twice) {
  write("lb.yaml", "include: [a.yaml]\n" + kPort);
  write("a.yaml", "include: [./lb.yaml]\n");
  EXPECT_EQ(verdict("lb.yaml"),
            "a.yaml:1:11: include[0]: \"./lb.yaml\" includes the file that it is included by; "
            "break the circle\n");
  write("a.yaml", "include: [a.yaml]\n");
  EXPECT_EQ(verdict("lb.yaml"),
            "a.yaml:1:11: include[0]: \"a.yaml\" includes the file that it is included by; "
            "break the circle\n");
  write("lb.yaml", "include: [a.yaml, a*.yaml]\n" + kPort);
  write("a.yaml", service("a", "10.0.0.81"));
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml:1:19: include[1]: \"a.yaml\" is included twice; include each file once\n");
}

TEST_F(Include, files_that_are_none) {
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml: cannot be read: No such file or directory; name a file that can be read\n");
  EXPECT_EQ(verdict("."), ".: is a directory; name a file that can be read\n");
  EXPECT_EQ(verdict("/dev/zero"),
            "/dev/zero: is not a regular file; name a file that can be read\n");
  ASSERT_EQ(mkfifo("pipe", 0600), 0);
  EXPECT_EQ(verdict("pipe"), "pipe: is not a regular file; name a file that can be read\n");
  write("lb.yaml", "");
  EXPECT_EQ(verdict("lb.yaml"), "lb.yaml: the file is empty; write a section, as ports\n");
  if (geteuid() == 0) return;  // root may read everything
  std::filesystem::permissions("lb.yaml", std::filesystem::perms::none);
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml: cannot be read: Permission denied; name a file that can be read\n");
}

TEST_F(Include, size) {
  write("lb.yaml", "#");
  std::filesystem::resize_file("lb.yaml", kMaxText + 1);
  EXPECT_EQ(verdict("lb.yaml"),
            "lb.yaml: makes more than 64MiB of configuration; name a file that can be read\n");
}

TEST_F(Include, a_text_in_no_file_includes_none) {
  write("a.yaml", service("a", "10.0.0.81"));
  const LoadResult result = load_text("include: [a.yaml]\n" + kPort, "text");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(describe(result.errors()),
            "text:1:1: include: this text is in no file, so that nothing can be relative to it\n");
}

TEST_F(Include, hash_is_that_of_all_texts) {
  write("lb.yaml", "include: [a*.yaml]\n" + kPort);
  const std::string alone = load_file("lb.yaml").config().hash;
  EXPECT_EQ(alone.size(), 16u);
  EXPECT_EQ(load_file("lb.yaml").config().hash, alone);
  write("a.yaml", service("a", "10.0.0.81"));
  const std::string both = load_file("lb.yaml").config().hash;
  EXPECT_NE(both, alone);
  write("a.yaml", service("b", "10.0.0.81"));
  EXPECT_NE(load_file("lb.yaml").config().hash, both);
}

}  // namespace
}  // namespace lbd::config
