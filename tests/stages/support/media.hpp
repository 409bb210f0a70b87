#pragma once
// Files made and read by graphs, for the tests of the stages that know FFmpeg.
#include <weir/framework/graph_text.hpp>
#include <weir/framework/stage_catalog.hpp>
#include <weir/stages/catalog.hpp>
#include <weir/stages/codec_log.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>
#include <weir/stages/frame_number.hpp>

#include "collect.hpp"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace support {

/// A folder for one test, empty at first; gone with it.
class Folder {
public:
    Folder() {
        static std::atomic<int> number{0};
        path_ = std::filesystem::temp_directory_path() /
                ("weir_stages_test_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
        std::filesystem::remove_all(path_);
        std::filesystem::create_directory(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    /// Hidden ones too, in order.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> result;
        for (const auto& entry : std::filesystem::directory_iterator(path_))
            result.push_back(entry.path().filename().string());
        std::sort(result.begin(), result.end());
        return result;
    }

private:
    std::filesystem::path path_;
};

inline const weir::StageCatalog& catalog() {
    static const weir::StageCatalog all = [] {
        weir::StageCatalog made;
        weir::register_stages(made);
        weir::take_over_codec_log({}); // FFmpeg is talkative
        return made;
    }();
    return all;
}

inline void build(weir::Pipeline& pipeline, const std::string& graph) {
    weir::build(pipeline, weir::parse_graph(graph), catalog());
}

inline void run(TestEngine& test, const std::string& graph) {
    weir::Pipeline pipeline(test.engine);
    build(pipeline, graph);
    pipeline.run();
}

/// The packets of a port of a file.
inline std::vector<weir::Packet> packets(TestEngine& test, const std::string& file, const std::string& port,
                                         weir::DemuxOptions options = {}) {
    std::vector<weir::Packet> result;
    weir::Pipeline pipeline(test.engine);
    const auto in = pipeline.add("in", weir::demux(file, std::move(options)));
    in[port] >> pipeline.add("keep", weir::sink([&result](weir::Packet packet) { result.push_back(std::move(packet)); }));
    pipeline.run();
    return result;
}

struct Shown {
    std::int64_t pts;
    weir::Rational time_base;
    weir::VideoFormat format;
    std::uint32_t number;
};
/// What the best video stream shows.
inline std::vector<Shown> pictures(TestEngine& test, const std::string& file) {
    std::vector<Shown> result;
    weir::Pipeline pipeline(test.engine);
    pipeline.add("in", weir::demux(file)) >> pipeline.add("dec", weir::decode()) >>
        pipeline.add("keep", weir::sink([&result](const weir::PooledFrame& frame) {
                         result.push_back({frame.header().pts, frame.header().time_base, frame.format(),
                                           weir::read_frame_number(frame).value_or(999'999)});
                     }));
    pipeline.run();
    return result;
}

/// Every number from `first` on, once and in order.
inline bool counts_up(const std::vector<Shown>& pictures, std::uint32_t first = 0) {
    for (std::size_t i = 0; i < pictures.size(); ++i)
        if (pictures[i].number != first + i)
            return false;
    return true;
}

} // namespace support
