#include <weir/stages/frame_number.hpp>
#include <weir/stages/testsrc.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace weir;
using namespace support;

namespace {

/// Runs `numbers check=yes` over the pictures of testsrc that `keep_frame` lets through; the error's text, or nothing.
std::string check_numbers(const std::function<bool(const PooledFrame&)>& keep_frame) {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 48, .height = 32, .frames = 10, .start = 7})) >>
        pipeline.add("some", filter(keep_frame)) >> pipeline.add("numbers", numbers({.check = true}));
    try {
        pipeline.run();
    } catch (const Error& error) {
        return error.what();
    }
    return test.log->find("numbers: ");
}

} // namespace

TEST_CASE("a picture without blocks has no number", "[stages][numbers]") {
    PooledFrame plain = lone_frame({96, 64, PixelFormat::yuv420p});
    fill(plain, [](auto...) { return 0.5; });
    CHECK_FALSE(read_frame_number(plain));
    PooledFrame narrow = lone_frame({23, 64, PixelFormat::yuv420p});
    fill(narrow, [](auto...) { return 0.0; });
    CHECK_FALSE(read_frame_number(narrow));
}

TEST_CASE("the number is read through the noise of lossy coding", "[stages][numbers]") {
    PooledFrame frame = lone_frame({240, 128, PixelFormat::gray8});
    constexpr std::uint32_t number = 0x93a5c6;
    unsigned state = 1;
    fill(frame, [&state](std::uint32_t, std::uint32_t x, std::uint32_t) {
        state = state * 1103515245u + 12345u;
        const double noise = (state >> 16 & 0xffu) / 255.0 * 0.4 - 0.2;
        return std::clamp((number >> (23 - x / 10) & 1 ? 0.9 : 0.1) + noise, 0.0, 1.0);
    });
    CHECK(read_frame_number(frame) == number);
}

TEST_CASE("numbers passes a stream in which each came once and in order", "[stages][numbers]") {
    CHECK(check_numbers([](const PooledFrame&) { return true; }) ==
          "numbers: 10 frames, numbers 7 to 16, each once and in order");
}

TEST_CASE("numbers names the first frame that is missing", "[stages][numbers]") {
    const std::string error = check_numbers([](const PooledFrame& frame) { return frame.header().pts != 4; });
    CAPTURE(error);
    CHECK(error.find("the 5. and shows 12 after 10") != std::string::npos);
}

TEST_CASE("numbers writes a line for every frame", "[stages][numbers]") {
    const auto path = std::filesystem::temp_directory_path() / ("weir_numbers_test_" + std::to_string(::getpid()));
    std::filesystem::remove(path);
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("src", testsrc({.width = 48, .height = 32, .frames = 3, .changes = {"0.08:16x16"}, .start = 7})) >>
        pipeline.add("numbers", numbers({.target = path.string()}));
    pipeline.run();
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    CHECK(text.str() == "0,7\n1,8\n2,none\n");
    std::filesystem::remove(path);
}
