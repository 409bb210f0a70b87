// Any bytes as an application's input, pushed or in memory: demuxed and decoded, or an error; nothing stays in use.
#include <weir/framework/byte_source.hpp>
#include <weir/framework/memory_bytes.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/stages/codec_log.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <thread>

namespace {

void require(bool condition) {
    if (!condition)
        std::abort();
}

weir::Engine& engine() {
    static weir::Engine* const made = [] {
        weir::take_over_codec_log({});
        weir::EngineConfig config;
        config.threads = 1;
        config.registry.max_bytes = std::size_t{256} << 20;
        config.log = [](weir::LogLevel, const std::string&) {};
        return new weir::Engine(config); // libFuzzer ends by exit: its threads stay
    }();
    return *made;
}

weir::DemuxOptions small() {
    weir::DemuxOptions options;
    options.probe_bytes = 50'000;
    options.open_timeout = 5;
    options.max_streams = 20;
    return options;
}

/// Ends the pipeline after some frames: an input may say that there are very many.
weir::Process take_some(weir::Input<weir::PooledFrame> in) {
    constexpr int most = 20;
    for (int i = 0; i < most; ++i)
        if (!co_await in.next())
            co_return;
}

void play(std::unique_ptr<weir::StageDefinition> input) {
    weir::Pipeline pipeline(engine());
    pipeline.add("in", std::move(input))["video"] >> pipeline.add("decode", weir::decode()) >> pipeline.add("out", take_some);
    try {
        pipeline.run();
    } catch (const std::exception& error) {
        require(!std::string_view(error.what()).empty());
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (size > 0 && data[size - 1] % 2 == 1) {
        weir::ByteSource source("bytes", 1000);
        std::jthread application([source, bytes]() mutable {
            if (source.push(bytes) == bytes.size())
                source.finish();
        });
        play(weir::demux(source, small()));
        require(source.closed()); // whatever became of it
    } else {
        play(weir::demux(std::make_shared<weir::MemoryReader>(bytes), small()));
    }
    for (const weir::PoolReport& pool : engine().registry().stats())
        require(pool.stats.in_use == 0 && pool.stats.adopted_in_use == 0);
    return 0;
}
