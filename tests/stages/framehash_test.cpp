#include <weir/stages/framehash.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace weir;
using namespace support;
namespace fs = std::filesystem;

namespace {

/// A folder for one test, empty at first; tests run beside each other.
class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / ("weir_framehash_test_" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::create_directory(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
    }

private:
    fs::path path_;
};

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// RFC 1321 lists MD5 of these.
const std::string eighty = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
const std::string eighty_md5 = "57edf4a22be3c955ac49da2e2107b67a";

template <class T> std::string hashes(std::vector<T> items) {
    const Folder folder;
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("give", give(std::move(items))) >> pipeline.add("hash", framehash({.target = folder.file("list")}));
    pipeline.run();
    return text_of(folder.file("list"));
}

PooledFrame frame_of(const VideoFormat& format, const std::string& bytes, std::int64_t pts) {
    PooledFrame frame = lone_frame(format);
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < frame.planes(); ++i) {
        const Plane plane = frame.writable_plane(i);
        for (std::uint32_t y = 0; y < plane.rows; ++y, next += plane.row_bytes)
            std::memcpy(plane.row(y), bytes.data() + next, plane.row_bytes);
    }
    CHECK(next == bytes.size());
    frame.header().pts = pts;
    frame.header().time_base = {1, 25};
    return frame;
}

} // namespace

TEST_CASE("framehash writes pts, format and the MD5 of the tightly packed planes", "[stages][framehash]") {
    std::vector<PooledFrame> frames;
    frames.push_back(frame_of({3, 1, PixelFormat::gray8}, "abc", 12));
    frames.push_back(frame_of({7, 2, PixelFormat::gray8}, "message digest", no_time));
    frames.push_back(frame_of({8, 5, PixelFormat::yuv422p}, eighty, -3));
    frames.push_back(frame_of({4, 5, PixelFormat::yuv422p10}, eighty, 0));
    CHECK(hashes(std::move(frames)) == "12,3x1 gray,900150983cd24fb0d6963f7d28e17f72\n"
                                       "none,7x2 gray,f96b697d7cb7938d525a2f31aaf161d0\n"
                                       "-3,8x5 yuv422p," +
                                           eighty_md5 +
                                           "\n"
                                           "0,4x5 yuv422p10le," +
                                           eighty_md5 + "\n");
}

TEST_CASE("framehash takes the palette for a part of the picture", "[stages][framehash]") {
    std::string bytes = "abcd";
    for (int i = 0; i < 1024; ++i)
        bytes += static_cast<char>(i & 255);
    std::vector<PooledFrame> frames;
    frames.push_back(frame_of({2, 2, PixelFormat::pal8}, bytes, 0));
    CHECK(hashes(std::move(frames)) == "0,2x2 pal8,bf0ac836700929c67e1c2346e094f4c6\n");
}

TEST_CASE("framehash hashes what is visible of a picture", "[stages][framehash]") {
    PooledFrame large = lone_frame({40, 20, PixelFormat::gray8});
    fill(large, [](auto...) { return 1.0; });
    for (std::uint32_t x = 0; x < 3; ++x)
        set_sample(large, 0, 5 + x, 7, static_cast<unsigned char>("abc"[x]));
    std::vector<PooledFrame> frames;
    frames.push_back(large.view({5, 7, 3, 1}));
    CHECK(hashes(std::move(frames)) == "none,3x1 gray,900150983cd24fb0d6963f7d28e17f72\n");
}

TEST_CASE("framehash writes sound as it is stored, plane after plane", "[stages][framehash]") {
    const auto format = GENERATE(SampleFormat::s16, SampleFormat::s16p);
    PooledSamples samples = lone_samples({format, ChannelLayout::of(2), 48000}, 20);
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < samples.planes(); next += samples.plane_bytes(), ++i)
        std::memcpy(samples.writable_plane(i), eighty.data() + next, samples.plane_bytes());
    CHECK(next == eighty.size());
    samples.header().pts = 960;
    samples.header().time_base = {1, 48000};
    std::vector<PooledSamples> pieces;
    pieces.push_back(std::move(samples));
    CHECK(hashes(std::move(pieces)) == "960,48000 Hz stereo " + std::string(to_string(format)) + "," + eighty_md5 + "\n");
}

TEST_CASE("an existing file is replaced only when asked, and keeps its mode", "[stages][framehash][files]") {
    const Folder folder;
    const std::string target = folder.file("list");
    std::ofstream(target) << "old";
    fs::permissions(target, fs::perms::owner_read | fs::perms::owner_write);
    const auto run = [&target](bool overwrite) {
        TestEngine test;
        Pipeline pipeline(test.engine);
        pipeline.add("src", testsrc({.width = 16, .height = 16, .frames = 1})) >>
            pipeline.add("hash", framehash({.target = target, .overwrite = overwrite}));
        pipeline.run();
    };
    CHECK_THROWS_AS(run(false), GraphError);
    CHECK(text_of(target) == "old");
    run(true);
    CHECK(text_of(target).starts_with("0,16x16 yuv420p,"));
    CHECK(fs::status(target).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(folder.files() == 1);
}

TEST_CASE("a pipeline that fails or is cancelled leaves no file behind", "[stages][framehash][files]") {
    const Folder folder;
    const bool cancel = GENERATE(false, true);
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 16, .height = 16})) >> pipeline.add("trouble", map([&](PooledFrame frame) {
                                                                                  if (frame.header().pts == 100) {
                                                                                      if (!cancel)
                                                                                          throw std::runtime_error("trouble");
                                                                                      pipeline.cancel();
                                                                                  }
                                                                                  return frame;
                                                                              })) >>
        pipeline.add("hash", framehash({.target = folder.file("list")}));
    if (cancel)
        CHECK_THROWS_AS(pipeline.run(), Cancelled);
    else
        CHECK_THROWS_AS(pipeline.run(), Error);
    CHECK(folder.files() == 0);
}

TEST_CASE("a pipe whose reader went away is an error that says so", "[stages][framehash][pipe]") {
    const Folder folder;
    const std::string pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 16, .height = 16})) >> pipeline.add("leave", map([&reader](PooledFrame frame) {
                                                                                  if (frame.header().pts == 40)
                                                                                      ::close(reader);
                                                                                  return frame;
                                                                              })) >>
        pipeline.add("hash", framehash({.target = pipe}));
    CHECK_THROWS_WITH(pipeline.run(), Catch::Contains("hash") && Catch::Contains("Broken pipe"));
    CHECK(fs::exists(pipe));
}

TEST_CASE("a pipe that nobody empties does not keep a pipeline from being cancelled", "[stages][framehash][pipe]") {
    const Folder folder;
    const std::string pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
    ::fcntl(reader, F_SETPIPE_SZ, 4096); // one page: ready for one batch
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 16, .height = 16})) >>
        pipeline.add("cancel", map([&pipeline](PooledFrame frame) {
                         if (frame.header().pts == 33) // framehash has two batches of 16, and the second does not go out
                             pipeline.cancel();
                         return frame;
                     })) >>
        pipeline.add("hash", framehash({.target = pipe}));
    CHECK_THROWS_AS(pipeline.run(), Cancelled);
    ::close(reader);
}

TEST_CASE("a stream without frames gives an empty file", "[stages][framehash][files]") {
    CHECK(hashes(std::vector<PooledFrame>{}).empty());
}

TEST_CASE("targets that cannot be files are refused before anything runs", "[stages][framehash][files]") {
    const Folder folder;
    const auto check = [](const std::string& target) {
        TestEngine test;
        Pipeline pipeline(test.engine);
        pipeline.add("src", testsrc({.frames = 1})) >> pipeline.add("hash", framehash({.target = target}));
        pipeline.check();
    };
    CHECK_THROWS_AS(check(folder.file("")), GraphError);
    CHECK_THROWS_AS(check(folder.file("no/such/folder")), GraphError);
    CHECK_THROWS_AS(check("https://example.org/list"), GraphError);
    CHECK_THROWS_AS(framehash({}), OptionError);
}
