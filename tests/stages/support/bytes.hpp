#pragma once
// What the tests of the application's bytes share.
#include <weir/stages/encode.hpp>
#include <weir/stages/framehash.hpp>
#include <weir/stages/testsrc.hpp>

#include "media.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace support {

using Bytes = std::vector<std::byte>;

inline std::string text_of_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline Bytes bytes_of_file(const std::string& name) {
    const std::string text = text_of_file(name);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// Two seconds of picture, and of sound.
inline Bytes clip(TestEngine& test, const std::string& format, const std::string& options = {}) {
    const Folder folder;
    run(test,
        "out: mux " + folder / "clip" + " format=" + format + " " + options +
            "; testsrc 64x48 rate=25 frames=50 ! encode libx264 preset=veryfast ! out; tone duration=2 ! encode aac ! out");
    return bytes_of_file(folder / "clip");
}

/// Hashes of the pictures of some input.
inline std::string hashes(TestEngine& test, std::unique_ptr<weir::StageDefinition> input, const Folder& folder,
                          const std::string& name) {
    weir::Pipeline pipeline(test.engine);
    pipeline.add("in", std::move(input)) >> pipeline.add("decode", weir::decode()) >>
        pipeline.add("hash", weir::framehash({.target = folder / name}));
    pipeline.run();
    return text_of_file(folder / name);
}

/// Pushes them all, so many at once.
inline void push_all(weir::ByteSource& source, std::span<const std::byte> bytes, std::size_t at_once) {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(at_once, bytes.size())))
        if (source.push(bytes.first(std::min(at_once, bytes.size()))) == 0)
            return;
    source.finish();
}

/// Everything until the end.
inline Bytes pull_all(weir::ByteSink& sink) {
    Bytes bytes;
    std::array<std::byte, 5000> piece{};
    while (const std::size_t count = sink.pull(piece))
        bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    return bytes;
}

/// Pictures into an encoder; without an end if there are no frames.
inline weir::AnyStage add_pictures(weir::Pipeline& pipeline, std::int64_t frames) {
    return pipeline.add("src", weir::testsrc({.width = 64, .height = 48, .frames = frames})) >>
           pipeline.add("encode", weir::encode("libx264", {{"preset", "veryfast"}, {"threads", "1"}}));
}

} // namespace support
