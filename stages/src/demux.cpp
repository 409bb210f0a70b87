#include <weir/framework/offload.hpp>
#include <weir/framework/redact.hpp>
#include <weir/stages/demux.hpp>

#include "open_files.hpp"
#include "source_reading.hpp"
#include "stream_changes.hpp"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <utility>

namespace weir {
namespace {

using detail::FormatReader;
using detail::PacketBatch;
using detail::SourceLane;
using detail::SourceReading;

constexpr Rational microseconds{1, 1'000'000};

Process read_packets(SourceReading reading) {
    PacketBatch batch;
    for (;;) {
        reading.note_readers();
        if (!reading.anyone())
            co_return;
        co_await offload([&](std::stop_token stop) { reading.reader().read(batch, std::move(stop)); });
        if (reading.reader().has_new_stream()) {
            Output<Packet> added = reading.add_stream();
            co_await added.room(); // a pause that was asked for when it was added begins before anything is left out
        }
        for (auto& read : batch.packets) {
            SourceLane& lane = reading.lane(*read);
            if (!lane.out.open())
                continue;
            Packet packet = reading.take(std::move(read));
            const bool open = co_await lane.out.put(std::move(packet));
            if (open)
                reading.tell_gaps(lane);
        }
        batch.packets.clear();
        if (reading.ended(batch.end))
            co_return;
    }
}

class Demux final : public StageDefinition {
public:
    explicit Demux(DemuxOptions options, std::shared_ptr<ByteReader> bytes = nullptr)
        : options_(std::move(options)), bytes_(std::move(bytes)), bytes_may_wait_(bytes_ && bytes_->may_wait()) {
        DemuxOptions::table().check(options_);
    }
    ~Demux() override { close(); }

    [[nodiscard]] std::string type() const override { return "demux"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.endpoint = bytes_may_wait_ || (reader_ && reader_->url().endpoint);
        return traits;
    }

    void open(OpenContext& context) override {
        try {
            reader_ = std::make_unique<FormatReader>(options_, bytes_);
        } catch (...) {
            close(); // who pushes bytes is let go
            throw;
        }
        name_ = context.name();
        seek_refusal_ = reader_->refuses_seek();
        use_file();
        streams_ = reader_->streams().size();
        for (const detail::InputStream& stream : reader_->streams())
            if (!stream.name.empty()) {
                context.ports().output<Packet>(stream.name).port().packet_format = first_format(stream);
                if (stream.best)
                    best_[stream.name.substr(0, stream.name.find_first_of("0123456789"))] = stream.name;
            }
        if (context.ports().outputs().empty())
            throw std::runtime_error(fmt::format("there is nothing to read in '{}'", redact_url(options_.url)));
    }

    [[nodiscard]] detail::OutputBase& output_for(Ports& ports, std::string_view name) override {
        if (auto* port = ports.find_output(name))
            return *port;
        // A kind without a number is the best of its kind.
        for (const std::string kind : {"video", "audio", "subtitle", "data"})
            if (name == kind || (name.empty() && (kind == "video" || kind == "audio")))
                if (const auto best = best_.find(kind); best != best_.end())
                    return *ports.find_output(best->second);
        if (name.empty())
            throw GraphError(fmt::format("there is neither video nor audio in '{}' (ports: {})", redact_url(options_.url),
                                         ports.output_names()));
        throw GraphError(
            fmt::format("'{}' has no port '{}' (ports: {})", redact_url(options_.url), name, ports.output_names()));
    }

    [[nodiscard]] std::string refuses_seek(const Ports&) const override {
        return seek_refusal_.empty() && bytes_ended_.load() ? "the application's bytes were closed at their end"
                                                            : seek_refusal_;
    }
    void seek(const Position& to, const std::stop_token& stop) override {
        if (!reader_) { // it was closed at its end
            if (bytes_ended_.load())
                throw std::runtime_error("the application's bytes were closed at their end");
            auto reader = std::make_unique<FormatReader>(options_);
            if (reader->streams().size() != streams_)
                throw std::runtime_error(fmt::format("'{}' has changed: it had {} streams, and has {}",
                                                     redact_url(options_.url), streams_, reader->streams().size()));
            reader_ = std::move(reader);
            use_file();
        }
        reader_->seek(to.time, stop);
    }
    [[nodiscard]] std::string refuses_again() const override {
        return bytes_ended_.load() ? "it reads the application's bytes, which have ended: make another" : "";
    }

    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        if (!reader_)
            throw std::runtime_error("its input was closed when it failed, and cannot be read on");
        context.on_end([this](EndReason reason) {
            if (reason == EndReason::seek)
                return;
            close(); // which may block
            in_use_ = {};
        });
        return read_packets(SourceReading(context, ports, *reader_, options_));
    }

private:
    void use_file() {
        if (!reader_->url().path.empty())
            in_use_ = detail::FileInUse::reading(reader_->url().path, name_);
    }
    void close() noexcept {
        reader_.reset();
        if (const auto bytes = std::exchange(bytes_, nullptr)) {
            bytes->close();
            bytes_ended_.store(true);
        }
    }
    [[nodiscard]] std::shared_ptr<const PacketFormat> first_format(const detail::InputStream& stream) const {
        const bool continuous = options_.timestamps == DemuxOptions::Timestamps::continuous;
        return continuous ? stream.format : detail::with_shift(*stream.format, {-reader_->start(), microseconds});
    }

    DemuxOptions options_;
    std::shared_ptr<ByteReader> bytes_; ///< until it is closed
    bool bytes_may_wait_;
    std::atomic<bool> bytes_ended_{false};
    std::string seek_refusal_;                ///< as far as it was known when it was opened
    std::string name_;                        ///< the stage's
    std::map<std::string, std::string> best_; ///< stream by kind; branches ask while the file is read
    std::unique_ptr<FormatReader> reader_;
    std::size_t streams_ = 0;
    detail::FileInUse in_use_;
};

} // namespace

const OptionTable<DemuxOptions>& DemuxOptions::table() {
    static const OptionTable<DemuxOptions> table = [] {
        OptionTable<DemuxOptions> t;
        t.add("url", &DemuxOptions::url,
              {.help = "a file, a URL, or - for standard input", .positional = true, .required = true});
        t.add("format", &DemuxOptions::format, {.help = "FFmpeg's name of the container, if it cannot be found out"});
        t.add("timestamps", &DemuxOptions::timestamps,
              {.help = "times as in the file (encoders and muxers take out its start and jumps), or continuous from 0",
               .choices = {"file", "continuous"}});
        t.add("on_error", &DemuxOptions::on_error,
              {.help = "an input that is damaged from some place on ends there, or fails", .choices = {"skip", "fail"}});
        t.add("protocols", &DemuxOptions::protocols,
              {.help = "what the input itself may open, comma separated; by default what its URL implies, never files"});
        t.add("open_timeout", &DemuxOptions::open_timeout,
              {.help = "time for opening", .unit = "s", .min = 0.001, .max = 86400});
        t.add("probe_bytes", &DemuxOptions::probe_bytes,
              {.help = "how much is looked at to find the streams", .unit = "bytes", .min = 32});
        t.add("probe_time", &DemuxOptions::probe_time,
              {.help = "how much media is looked at; 0: as the container needs", .unit = "s", .min = 0, .max = 86400});
        t.add("max_streams", &DemuxOptions::max_streams, {.help = "streams an input may have", .min = 1, .max = 100'000});
        t.add_rest(&DemuxOptions::format_options, "options of the container and the protocol, as FFmpeg calls them");
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> demux(std::string url, DemuxOptions options) {
    options.url = std::move(url);
    return std::make_unique<Demux>(std::move(options));
}

std::unique_ptr<StageDefinition> demux(const ByteSource& source, DemuxOptions options) {
    return demux(source.reader(), std::move(options));
}

std::unique_ptr<StageDefinition> demux(std::shared_ptr<ByteReader> reader, DemuxOptions options) {
    options.url = "bytes:" + reader->name();
    return std::make_unique<Demux>(std::move(options), std::move(reader));
}

} // namespace weir
