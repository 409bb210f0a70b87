#include <weir/framework/codec_memory.hpp>
#include <weir/pools/pool_registry.hpp>
#include <weir/stages/av.hpp>

#include <catch2/catch.hpp>

#include <cstring>

using namespace weir;

namespace {

constexpr VideoFormat tall{64, 48, PixelFormat::yuv420p};

std::size_t out(const PoolRegistry& registry) {
    std::size_t count = 0;
    for (const PoolReport& pool : registry.stats())
        count += pool.stats.in_use + pool.stats.adopted_in_use;
    return count;
}

/// A frame as libavcodec's default allocator makes it.
av::FramePtr foreign_frame(AVPixelFormat format) {
    auto frame = av::make_frame();
    frame->format = format;
    frame->width = 64;
    frame->height = 48;
    frame->pts = 7;
    frame->time_base = {1, 25};
    av::check(av_frame_get_buffer(frame.get(), 0), "a frame");
    return frame;
}

} // namespace

TEST_CASE("FFmpeg sees the handle's own memory, and the handle lives as long as its frame", "[stages][av][lifetime]") {
    PoolRegistry registry;
    auto pool = registry.frames(tall);
    pool.add_demand(1);
    PooledFrame frame = pool.acquire();
    frame.header().pts = 42;
    frame.header().colour.matrix = 1;
    frame.header().fields = FieldOrder::top_first;
    const std::byte* luma = frame.plane(0).data;
    const std::byte* red = frame.plane(2).data;
    av::FramePtr theirs = av::to_av(std::move(frame));
    CHECK(reinterpret_cast<std::byte*>(theirs->data[0]) == luma);
    CHECK(reinterpret_cast<std::byte*>(theirs->data[2]) == red);
    CHECK(theirs->pts == 42);
    CHECK(theirs->colorspace == AVCOL_SPC_BT709);
    CHECK(theirs->interlaced_frame == 1);
    CHECK(av_frame_is_writable(theirs.get()) == 0);
    av::FramePtr copy(av_frame_clone(theirs.get()));
    theirs.reset();
    CHECK(out(registry) == 1);
    copy.reset();
    CHECK(out(registry) == 0);
}

TEST_CASE("a part of a picture goes to FFmpeg as that part", "[stages][av]") {
    PoolRegistry registry;
    auto pool = registry.frames(tall);
    pool.add_demand(1);
    const PooledFrame part = pool.acquire().view({16, 8, 32, 16});
    const av::FramePtr theirs = av::to_av(part);
    CHECK(theirs->width == 32);
    CHECK(theirs->height == 16);
    CHECK(reinterpret_cast<const std::byte*>(theirs->data[1]) == part.plane(1).data);
}

TEST_CASE("sound with more channels than FFmpeg has pointers for goes over whole", "[stages][av]") {
    PoolRegistry registry;
    const AudioFormat format{SampleFormat::fltp, {12, 0}, 48000};
    auto pool = registry.samples(format, 1024);
    pool.add_demand(1);
    PooledSamples samples = pool.acquire(format, 1024);
    samples.header().offset = 100;
    samples.header().count = 900;
    const std::byte* last = samples.plane(11);
    const av::FramePtr theirs = av::to_av(std::move(samples));
    CHECK(theirs->nb_samples == 900);
    CHECK(theirs->ch_layout.nb_channels == 12);
    CHECK(reinterpret_cast<std::byte*>(theirs->extended_data[11]) == last);
}

TEST_CASE("a codec's own frame is adopted without a copy and freed with the last handle", "[stages][av][lifetime]") {
    PoolRegistry registry;
    const auto quota = Quota::make(2);
    const auto memory = std::make_shared<CodecMemory>(registry, quota, "test");
    auto frame = foreign_frame(AV_PIX_FMT_YUV420P);
    const std::uint8_t* luma = frame->data[0];
    av::BufferPtr watch(av_buffer_ref(frame->buf[0]));
    PooledFrame handle = av::adopt_picture(*frame, *memory);
    CHECK(frame->buf[0] == nullptr);
    CHECK(handle.header().pts == 7);
    CHECK(handle.format() == tall);
    CHECK(handle.plane(0).data == reinterpret_cast<const std::byte*>(luma));
    CHECK(quota->in_use() == 1);
    CHECK(av_buffer_get_ref_count(watch.get()) == 2);
    PooledFrame second = handle;
    handle.reset();
    CHECK(av_buffer_get_ref_count(watch.get()) == 2);
    second.reset();
    CHECK(av_buffer_get_ref_count(watch.get()) == 1);
    CHECK(quota->in_use() == 0);
    CHECK(out(registry) == 0);
}

TEST_CASE("a picture stored upside down is adopted as it lies", "[stages][av]") {
    PoolRegistry registry;
    const auto memory = std::make_shared<CodecMemory>(registry, Quota::make(2), "test");
    auto frame = foreign_frame(AV_PIX_FMT_GRAY8);
    for (int y = 0; y < 48; ++y)
        std::memset(frame->data[0] + y * frame->linesize[0], y, 64);
    frame->data[0] += 47 * frame->linesize[0];
    frame->linesize[0] = -frame->linesize[0];
    const PooledFrame handle = av::adopt_picture(*frame, *memory);
    CHECK(std::to_integer<int>(*handle.plane(0).row(0)) == 47);
    CHECK(std::to_integer<int>(*handle.plane(0).row(47)) == 0);
}

TEST_CASE("a packet keeps its bytes and side data through a handle", "[stages][av]") {
    av::StreamParameters stream;
    stream.codec = av::make_parameters();
    stream.codec->codec_type = AVMEDIA_TYPE_VIDEO;
    stream.codec->codec_id = AV_CODEC_ID_H264;
    stream.shift = {-500, {1, 1000}};
    const auto format = av::make_format(std::move(stream), {1, 1000}, {25, 1});
    CHECK(format->codec == "h264");

    auto packet = av::make_packet();
    av::check(av_new_packet(packet.get(), 100), "a packet");
    std::memset(packet->data, 5, 100);
    REQUIRE(av_packet_new_side_data(packet.get(), AV_PKT_DATA_NEW_EXTRADATA, 8));
    packet->pts = 2000;
    packet->flags = AV_PKT_FLAG_KEY;
    const std::uint8_t* bytes = packet->data;
    const Packet handle = av::from_av(std::move(packet), format);
    CHECK(handle.key);
    CHECK(handle.data.size() == 100);
    CHECK(timeline_pts(handle) == 1500);

    const auto back = av::make_packet();
    Packet later = handle;
    later.pts = 3000;
    av::to_av(later, *back);
    CHECK(back->data == bytes);
    CHECK(back->pts == 3000);
    CHECK(av_packet_get_side_data(back.get(), AV_PKT_DATA_NEW_EXTRADATA, nullptr) != nullptr);
}

TEST_CASE("bytes that came from elsewhere become a packet with padding", "[stages][av]") {
    const auto bytes = std::make_shared<std::vector<std::byte>>(10, std::byte{9});
    Packet packet;
    PacketFormat format;
    format.media = MediaType::audio;
    format.codec = "mp3";
    format.time_base = {1, 1000};
    format.audio = {SampleFormat::fltp, ChannelLayout::of(2), 44100};
    packet.format = std::make_shared<const PacketFormat>(format);
    packet.data = *bytes;
    packet.payload = bytes;
    CHECK(av::packet_of(packet) == nullptr);
    CHECK(av::stream_of(*packet.format) == nullptr);
    const auto theirs = av::make_packet();
    av::to_av(packet, *theirs);
    CHECK(theirs->size == 10);
    CHECK(theirs->data[10] == 0);
    const auto parameters = av::codec_parameters(*packet.format);
    CHECK(parameters->codec_id == AV_CODEC_ID_MP3);
    CHECK(parameters->sample_rate == 44100);
}
