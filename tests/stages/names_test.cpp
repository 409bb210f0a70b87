#include <weir/framework/error.hpp>

#include "input_url.hpp"
#include "open_files.hpp"
#include "output_file.hpp"
#include "support/media.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace weir;
using namespace weir::detail;
using support::Folder;

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(OutputFile& file, const std::string& text) {
    avio_write(file.io(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
}

} // namespace

TEST_CASE("no input reaches this machine's files but the one it is", "[stages][demux][hostile]") {
    for (const char* name : {"a.mp4", "file:a.m3u8", "http://h/a.m3u8", "https://h/a", "rtmp://h/a", "concat:a|b",
                             "hls+http://h/a", "subfile,,start,0,end,0,,:a", "crypto:a", "udp://h:1", "-", "ftp://h/a"}) {
        INFO(name);
        const InputUrl url = input_url(name);
        CHECK((',' + url.protocols + ',').find(",file,") == std::string::npos);
        CHECK_FALSE(url.protocols.empty());
    }
}

TEST_CASE("what may wait for ever has a thread of its own", "[stages][demux]") {
    CHECK_FALSE(input_url("a.mp4").endpoint);
    CHECK(input_url("http://h/a").endpoint);
    CHECK(input_url("-").endpoint);
    CHECK(input_url("-").url == "pipe:0");
    CHECK(input_url("/dev/null").endpoint);
    CHECK(output_name("-").endpoint());
    CHECK(output_name("rtmp://h/a").endpoint());
    CHECK_FALSE(output_name("a.mp4").endpoint());
}

TEST_CASE("a protocol that does not exist is named", "[stages][demux]") {
    CHECK_THROWS_WITH(input_url("nope://x"), Catch::Contains("'nope'"));
    CHECK_THROWS_AS(output_name("nope://x"), GraphError);
}

TEST_CASE("parts of a file are numbered before the ending", "[stages][mux]") {
    CHECK(part_path("a/out.mp4", 1) == "a/out.mp4");
    CHECK(part_path("a/out.mp4", 2) == "a/out.2.mp4");
    CHECK(part_path("a.b/out", 3) == "a.b/out.3");
}

TEST_CASE("a file has its name only when it is whole", "[stages][mux][lifetime]") {
    const Folder folder;
    {
        OutputFile file(output_name(folder / "out.bin"), false);
        write(file, "hello");
        CHECK(folder.names().size() == 1);
        CHECK(folder.names().front().starts_with(".out.bin."));
        file.close();
        file.commit();
    }
    CHECK(folder.names() == std::vector<std::string>{"out.bin"});
    CHECK(text_of(folder / "out.bin") == "hello");
}

TEST_CASE("a file that was not finished leaves nothing", "[stages][mux][lifetime]") {
    const Folder folder;
    {
        OutputFile file(output_name(folder / "out.bin"), false);
        write(file, "hello");
    }
    CHECK(folder.names().empty());
}

TEST_CASE("a partial file says that it is one, and never takes another's name", "[stages][mux]") {
    const Folder folder;
    for (const char* expected : {"out.partial.bin", "out.partial-2.bin"}) {
        OutputFile file(output_name(folder / "out.bin"), false);
        write(file, expected);
        file.close();
        CHECK(file.keep_partial() == folder / expected);
    }
    CHECK(text_of(folder / "out.partial.bin") == "out.partial.bin");
}

TEST_CASE("a file that appeared meanwhile is not overwritten unless asked", "[stages][mux]") {
    const Folder folder;
    const bool asked = GENERATE(false, true);
    OutputFile file(output_name(folder / "out.bin"), asked);
    std::ofstream(folder / "out.bin") << "theirs";
    write(file, "ours");
    file.close();
    if (asked) {
        file.commit();
        CHECK(text_of(folder / "out.bin") == "ours");
    } else {
        CHECK_THROWS_AS(file.commit(), AvError);
        CHECK(text_of(folder / "out.bin") == "theirs");
        CHECK(text_of(file.keep_partial()) == "ours");
    }
}

TEST_CASE("a file that replaces another has its mode, and symbolic links stay", "[stages][mux]") {
    const Folder folder;
    std::ofstream(folder / "real.bin") << "old";
    ::chmod((folder / "real.bin").c_str(), 0640);
    std::filesystem::create_symlink("real.bin", folder / "link.bin");
    OutputFile file(output_name(folder / "link.bin"), true);
    write(file, "new");
    file.close();
    file.commit();
    CHECK(std::filesystem::is_symlink(folder / "link.bin"));
    CHECK(text_of(folder / "real.bin") == "new");
    struct stat status{};
    REQUIRE(::stat((folder / "real.bin").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("what one stage reads no other writes, by whatever name", "[stages][mux][demux]") {
    const Folder folder;
    std::ofstream(folder / "a.bin") << "x";
    std::filesystem::create_hard_link(folder / "a.bin", folder / "b.bin");
    {
        const auto reading = FileInUse::reading(folder / "a.bin", "in");
        const auto again = FileInUse::reading(folder / "a.bin", "in2");
        CHECK_THROWS_WITH(FileInUse::writing(folder / "b.bin", "out"), Catch::Contains("'in' reads it"));
    }
    const auto writing = FileInUse::writing(folder / "b.bin", "out");
    CHECK_THROWS_AS(FileInUse::reading(folder / "a.bin", "in"), GraphError);
    CHECK_THROWS_AS(FileInUse::writing(folder / "./a.bin", "out2"), GraphError);
}
