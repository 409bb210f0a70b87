// Decodes a clip's video with libavcodec into memory of one kind, and prints what that cost as one JSON object.
//
//   bench-decode CLIP --memory allocated|allocated_zeroed|allocated_calloc|weir_mutex|weir_lockfree|avcodec
//                [--frames N] [--keep N] [--warm-up N]
//
// One thread; the packets are read before the clock starts. Measured is what comes after the first frames (--warm-up); the last
// pictures (--keep) are kept, as whoever uses them would. benchmarks/decode_tables runs it for all kinds in turn.
#include "frame_memory.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
}

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <deque>
#include <fstream>
#include <iostream>
#include <vector>

namespace {

template <class T, void (*Function)(T**)> struct Free {
    void operator()(T* object) const noexcept { Function(&object); }
};
using Frame = std::unique_ptr<AVFrame, Free<AVFrame, av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Free<AVPacket, av_packet_free>>;
using Codec = std::unique_ptr<AVCodecContext, Free<AVCodecContext, avcodec_free_context>>;
using Input = std::unique_ptr<AVFormatContext, Free<AVFormatContext, avformat_close_input>>;

struct Options {
    std::string clip;
    std::string memory;
    std::size_t frames = 0;
    std::size_t keep = 1;
    std::size_t warm_up = 300;
};

void check(int result, const std::string& what) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> reason{};
    if (result < 0)
        throw std::runtime_error(what + ": " + av_make_error_string(reason.data(), reason.size(), result));
}

/// A number of kB from the kernel's file about this process.
double resident_mib(const std::string& key) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(key + ":"))
            return std::stod(line.substr(key.size() + 1)) / 1024;
    throw std::runtime_error("/proc/self/status has no " + key);
}

/// What the process has used so far.
struct Usage {
    std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now();
    double cpu_seconds = 0;
    long page_faults = 0;

    Usage() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](timeval value) {
            return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) / 1e6;
        };
        cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
        page_faults = usage.ru_minflt;
    }
};

/// get_buffer2 out of a FrameMemorySource.
int fill(AVCodecContext& context, AVFrame& frame, bench::FrameMemorySource& source) {
    const auto format = weir::pixel_format(av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format)));
    if (!format)
        return AVERROR(ENOSYS);
    int width = frame.width;
    int height = frame.height;
    std::array<int, AV_NUM_DATA_POINTERS> alignments{};
    avcodec_align_dimensions2(&context, &width, &height, alignments.data());
    const int alignment = std::max(64, *std::max_element(alignments.begin(), alignments.end()));
    const weir::FrameLayout layout =
        weir::frame_layout({static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), *format},
                           {.alignment = std::bit_ceil(static_cast<std::uint32_t>(alignment)), .padding = 64});
    auto memory = source.take(layout);
    for (std::uint32_t i = 0; i < layout.planes; ++i) {
        frame.data[i] = reinterpret_cast<std::uint8_t*>(memory->bytes() + layout.plane[i].offset);
        frame.linesize[i] = static_cast<int>(layout.plane[i].stride);
    }
    frame.extended_data = frame.data;
    frame.buf[0] = av_buffer_create(
        frame.data[0], layout.bytes, [](void* opaque, std::uint8_t*) { delete static_cast<bench::FrameMemory*>(opaque); },
        memory.get(), 0);
    if (!frame.buf[0])
        return AVERROR(ENOMEM);
    static_cast<void>(memory.release()); // the buffer's now
    return 0;
}

struct Clip {
    std::vector<Packet> packets;
    Codec decoder;
};

Clip read(const std::string& path, bench::FrameMemorySource* source) {
    AVFormatContext* opening = nullptr;
    check(avformat_open_input(&opening, path.c_str(), nullptr, nullptr), path);
    const Input input(opening);
    check(avformat_find_stream_info(opening, nullptr), path);
    const AVCodec* codec = nullptr;
    const int stream = av_find_best_stream(opening, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    check(stream, path + ": video");
    Clip clip;
    clip.decoder.reset(avcodec_alloc_context3(codec));
    AVCodecContext& decoder = *clip.decoder;
    check(avcodec_parameters_to_context(&decoder, opening->streams[stream]->codecpar), path);
    decoder.thread_count = 1;
    decoder.thread_type = FF_THREAD_SLICE; // or it warns that get_buffer2 is not for several threads
    if (source) {
        decoder.opaque = source;
        decoder.get_buffer2 = [](AVCodecContext* context, AVFrame* frame, int) noexcept {
            try {
                return fill(*context, *frame, *static_cast<bench::FrameMemorySource*>(context->opaque));
            } catch (const std::exception&) {
                return AVERROR(ENOMEM);
            }
        };
    }
    check(avcodec_open2(&decoder, codec, nullptr), path);
    for (Packet packet(av_packet_alloc()); av_read_frame(opening, packet.get()) >= 0; packet.reset(av_packet_alloc()))
        if (packet->stream_index == stream)
            clip.packets.push_back(std::move(packet));
    clip.packets.push_back(nullptr); // the end
    return clip;
}

nlohmann::ordered_json measure(const Options& options) {
    const auto source = bench::frame_memory_source(options.memory, options.frames);
    const Clip clip = read(options.clip, source.get());
    const double before_mib = resident_mib("VmRSS");

    std::deque<Frame> kept;
    std::size_t count = 0;
    std::optional<Usage> begin;
    std::uint64_t allocations_before = 0;
    std::vector<double> resident;
    for (const Packet& packet : clip.packets) {
        check(avcodec_send_packet(clip.decoder.get(), packet.get()), "decoding");
        for (Frame frame(av_frame_alloc()); avcodec_receive_frame(clip.decoder.get(), frame.get()) >= 0;
             frame.reset(av_frame_alloc())) {
            kept.push_back(std::move(frame));
            if (kept.size() > options.keep)
                kept.pop_front();
            if (++count == options.warm_up) {
                begin.emplace();
                allocations_before = source ? source->allocations() : 0;
            }
            if (count > options.warm_up && count % 10 == 0)
                resident.push_back(resident_mib("VmRSS"));
        }
    }
    const Usage end;
    if (!begin || resident.empty())
        throw std::runtime_error(options.clip + " has too few frames to be measured after the warm-up");
    const auto measured = static_cast<double>(count - options.warm_up);
    const double seconds = std::chrono::duration<double>(end.time - begin->time).count();
    const double cpu = end.cpu_seconds - begin->cpu_seconds;

    nlohmann::ordered_json result;
    result["memory"] = options.memory;
    result["frames"] = count - options.warm_up;
    result["frame_ms"] = seconds * 1e3 / measured;
    result["cpu_ms"] = cpu * 1e3 / measured;
    if (source) {
        const auto made = static_cast<double>(source->allocations() - allocations_before);
        result["allocations_per_frame"] = made / measured;
        result["allocations_per_s"] = made / seconds;
    } else {
        result["allocations_per_frame"] = nullptr; // libavcodec does not say
        result["allocations_per_s"] = nullptr;
    }
    result["page_faults_per_frame"] = static_cast<double>(end.page_faults - begin->page_faults) / measured;
    const auto middle = resident.begin() + static_cast<std::ptrdiff_t>(resident.size() / 2);
    std::nth_element(resident.begin(), middle, resident.end());
    result["steady_mib"] = *middle - before_mib;
    result["peak_mib"] = resident_mib("VmHWM") - before_mib;
    return result;
}

} // namespace

int main(int argc, char** argv) try {
    Options options;
    CLI::App app("Decodes into memory of one kind and prints what it cost");
    app.add_option("clip", options.clip, "A file with video")->required();
    app.add_option("--memory", options.memory, "Where frames come from")
        ->required()
        ->check(CLI::IsMember({"allocated", "allocated_zeroed", "allocated_calloc", "weir_mutex", "weir_lockfree", "avcodec"}));
    app.add_option("--frames", options.frames, "A pool has so many frames from the beginning; 0: it grows as needed");
    app.add_option("--keep", options.keep, "So many decoded pictures are kept");
    app.add_option("--warm-up", options.warm_up, "So many frames are not measured");
    CLI11_PARSE(app, argc, argv);
    std::cout << measure(options).dump(2) << '\n';
    return 0;
} catch (const std::exception& error) {
    std::cerr << "bench-decode: " << error.what() << '\n';
    return 1;
}
