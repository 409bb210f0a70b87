// The heart of a media server: uploads arrive in pieces, are transcoded while they arrive, and leave in pieces. Several at
// once, on one engine; no file is touched.
//
// usage: transcode_bytes [CLIENTS]
#include <weir/framework/byte_sink.hpp>
#include <weir/framework/byte_source.hpp>
#include <weir/framework/memory_bytes.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>

#include <array>
#include <cstdlib>
#include <iostream>
#include <span>
#include <thread>
#include <vector>

namespace {

using Bytes = std::vector<std::byte>;

/// What a client would upload: three seconds of pictures in an MPEG transport stream.
Bytes make_clip(weir::Engine& engine) {
    const auto memory = std::make_shared<weir::MemoryWriter>(std::size_t{10} << 20);
    weir::Pipeline pipeline(engine);
    pipeline.add("pictures", weir::testsrc({.width = 320, .height = 240, .frames = 75})) >>
        pipeline.add("encode", weir::encode("mpeg2video", {{"b", "2M"}})) >> pipeline.add("out", weir::mux(memory, "mpegts"));
    pipeline.run();
    return memory->take();
}

/// One client's job. The server's threads push what arrives and pull what is to be sent.
class Transcoding {
public:
    explicit Transcoding(weir::Engine& engine) : pipeline_(engine, "transcoding") {
        pipeline_.add("upload", weir::demux(upload))["video"] >> pipeline_.add("decode", weir::decode()) >>
            pipeline_.add("scale", weir::scale({.width = 160, .height = 120})) >>
            pipeline_.add("encode", weir::encode("mpeg4")) >> pipeline_.add("download", weir::mux(download, "mp4"));
    }

    weir::ByteSource upload{"upload", 64 * 1024};   // what has arrived and was not read yet; a full one makes the client wait
    weir::ByteSink download{"download", 64 * 1024}; // what is ready to be sent; a full one makes the pipeline wait
    void start() { pipeline_.start(); } // waits for the beginning of the upload, and may throw what is wrong with it
    void wait() { pipeline_.wait(); }   // throws what went wrong

private:
    weir::Pipeline pipeline_; // ends first
};

/// Stands for a client: sends in pieces as a network does.
void send(weir::ByteSource& upload, std::span<const std::byte> clip) {
    constexpr std::size_t packet = 1316;
    while (!clip.empty()) {
        const auto piece = clip.first(std::min(packet, clip.size()));
        if (upload.push(piece) < piece.size())
            return; // the job is over: hang up
        clip = clip.subspan(piece.size());
    }
    upload.finish(); // or upload.fail("...") if the connection broke
}

/// True if the client got all of it.
bool serve(weir::Engine& engine, std::span<const std::byte> clip, std::size_t& received) {
    Transcoding job(engine);
    std::jthread client([&] { send(job.upload, clip); });
    job.start();
    std::array<std::byte, 4096> piece{};
    while (const std::size_t count = job.download.pull(piece))
        received += count; // a server would send it
    job.wait();
    return job.download.whole(); // never true after an error: then the connection has to be broken off, not ended
}

} // namespace

int main(int argc, char** argv) try {
    const int clients = argc > 1 ? std::atoi(argv[1]) : 3;
    weir::Engine engine;
    const Bytes clip = make_clip(engine);
    std::vector<std::size_t> received(static_cast<std::size_t>(clients));
    std::vector<char> whole(received.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < received.size(); ++i)
            threads.emplace_back([&, i] {
                try {
                    whole[i] = serve(engine, clip, received[i]);
                } catch (const std::exception& error) {
                    std::cerr << error.what() << '\n';
                }
            });
    }
    bool all = !received.empty();
    for (std::size_t i = 0; i < received.size(); ++i) {
        std::cout << "client " << i << ": " << clip.size() << " bytes sent, " << received[i] << " received, "
                  << (whole[i] ? "whole" : "broken off") << '\n';
        all = all && whole[i];
    }
    return all ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
