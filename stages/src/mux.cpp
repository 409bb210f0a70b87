#include <weir/framework/offload.hpp>
#include <weir/stages/mux.hpp>

#include "packet_joining.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

namespace weir {
namespace {

using detail::Lane;
using detail::PacketJoining;

Process run_muxer(PacketJoining joining) try {
    const auto write = [&joining](const std::stop_token& stop) { joining.output().write(joining.batch(), stop); };
    const auto begin = [&joining](const std::stop_token& stop) { joining.output().begin(joining.plan(), stop); };
    for (;;) {
        for (Lane& lane : joining.lanes()) {
            while (lane.head == Lane::Head::unknown || (lane.head == Lane::Head::gap && joining.waits_for_format(lane))) {
                if (lane.head == Lane::Head::gap)
                    lane.in.skip_gap();
                if (!joining.batch().empty() && (joining.batch_full() || !lane.in.ready())) {
                    co_await offload(write); // before it waits, and not after
                    joining.clear_batch();
                }
                const Head<Packet> head = co_await lane.in.head();
                joining.see(lane, head);
            }
        }
        Lane* const lane = joining.next();
        if (!lane)
            break;
        if (lane->head == Lane::Head::gap) {
            lane->in.skip_gap();
            lane->head = Lane::Head::unknown;
            continue;
        }
        if (!joining.output().begun()) {
            joining.plan_part();
            co_await offload(begin);
        }
        bool in_band = false;
        if (joining.is_cut(*lane)) {
            if (!joining.batch().empty())
                co_await offload(write);
            joining.clear_batch();
            joining.plan_part();
            co_await offload(begin);
        } else if (joining.needs_new_part(*lane, in_band)) {
            joining.set_cut(*lane); // after what the others have from before it
            continue;
        }
        std::optional<Packet> packet = co_await lane->in.next();
        joining.add(*lane, std::move(*packet), in_band);
    }
    if (!joining.output().begun())
        throw std::runtime_error("nothing came in: there is nothing to write");
    if (!joining.batch().empty())
        co_await offload(write);
    if (joining.output().endpoint())
        co_await offload([&joining](const std::stop_token& stop) { joining.output().finish(stop); });
    joining.output().set_complete();
} catch (const detail::OutputClosed&) {
    co_return; // nobody wants more: an early end
}

class Mux final : public StageDefinition {
public:
    explicit Mux(MuxOptions options) : options_(std::move(options)) { MuxOptions::table().check(options_); }
    Mux(MuxOptions options, std::shared_ptr<ByteWriter> bytes) : Mux(std::move(options)) {
        name_ = detail::output_name(options_.url, std::move(bytes));
    }
    ~Mux() override {
        if (name_.bytes && !ran_)
            name_.bytes->end(EndReason::cancelled);
    }

    [[nodiscard]] std::string type() const override { return "mux"; }
    [[nodiscard]] StageTraits traits() const override {
        StageTraits traits;
        traits.joins = true;
        traits.endpoint = name_.endpoint();
        return traits;
    }

    [[nodiscard]] detail::InputBase& input_for(Ports& ports, std::string_view name, const detail::OutputBase&) override {
        if (!name.empty()) {
            if (auto* port = ports.find_input(name))
                return *port; // connected already, which is said there
            return ports.input<Packet>(std::string(name)).port();
        }
        std::size_t number = ports.inputs().size();
        while (ports.find_input(fmt::format("in{}", number)))
            ++number;
        return ports.input<Packet>(fmt::format("in{}", number)).port();
    }

    void open(OpenContext& context) override {
        if (context.ports().inputs().empty())
            throw GraphError("nothing is connected to it");
        if (!name_.bytes)
            name_ = detail::output_name(options_.url);
        container_ = &detail::find_container(name_, options_.format);
        detail::check_container_options(*container_, name_, options_.format_options);
        if (name_.bytes)
            detail::adapt_to_bytes(*container_, name_.bytes->seekable(), options_.format_options);
        if (name_.kind == detail::OutputName::Kind::file && !(container_->flags & AVFMT_NOFILE))
            check_target(context.name());
        for (const auto& input : context.ports().inputs())
            if (const auto* from = context.upstream(input->name()); from && from->packet_format)
                detail::require_holds(*container_, *from->packet_format, input->name());
    }

    [[nodiscard]] std::string refuses_seek(const Ports&) const override { return "what it has written cannot be taken back"; }
    [[nodiscard]] std::string refuses_again() const override {
        return name_.bytes ? "it writes to the application, whose stream has ended: make another" : "";
    }

    [[nodiscard]] Process run(StageContext& context, Ports& ports) override {
        auto output = std::make_shared<detail::MuxOutput>(context, *container_, name_, options_);
        context.on_end([this, output](EndReason reason) {
            const detail::FileInUse until_then = std::move(in_use_);
            output->end(reason);
        });
        ran_ = true; // from here on its end is told by `output`
        std::vector<Lane> lanes;
        for (const auto& input : ports.inputs())
            lanes.emplace_back(ports.get_input<Packet>(input->name()));
        return run_muxer(PacketJoining(context, std::move(output), *container_, options_, std::move(lanes)));
    }

private:
    void check_target(const std::string& stage) {
        namespace fs = std::filesystem;
        const fs::path target(name_.path);
        if (!options_.overwrite && fs::exists(target))
            throw GraphError(fmt::format("'{}' exists already (overwrite=yes replaces it)", name_.text));
        const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
        if (!fs::is_directory(folder))
            throw GraphError(fmt::format("'{}': there is no folder '{}'", name_.text, folder.string()));
        if (::access(folder.c_str(), W_OK | X_OK) != 0)
            throw GraphError(fmt::format("'{}': files cannot be made in the folder '{}'", name_.text, folder.string()));
        in_use_ = detail::FileInUse::writing(name_.path, stage);
    }

    MuxOptions options_;
    detail::OutputName name_;
    const AVOutputFormat* container_ = nullptr;
    detail::FileInUse in_use_;
    bool ran_ = false;
};

} // namespace

const OptionTable<MuxOptions>& MuxOptions::table() {
    static const OptionTable<MuxOptions> table = [] {
        OptionTable<MuxOptions> t;
        t.add("url", &MuxOptions::url,
              {.help = "a file, a URL, or - for standard output", .positional = true, .required = true});
        t.add("format", &MuxOptions::format, {.help = "FFmpeg's name of the container; by the name's ending if not given"});
        t.add("overwrite", &MuxOptions::overwrite, {.help = "replace a file that is there"});
        t.add(
            "on_change", &MuxOptions::on_change,
            {.help = "a stream's format changes: go on in band, begin a new part, fail; automatic: the first that is possible",
             .choices = {"automatic", "in_band", "new_part", "fail"}});
        t.add("start", &MuxOptions::start,
              {.help = "the file begins at 0, or where its packets do", .choices = {"zero", "keep"}});
        t.add_rest(&MuxOptions::format_options, "options of the container, as FFmpeg calls them");
        return t;
    }();
    return table;
}

std::unique_ptr<StageDefinition> mux(std::string url, MuxOptions options) {
    options.url = std::move(url);
    return std::make_unique<Mux>(std::move(options));
}

std::unique_ptr<StageDefinition> mux(const ByteSink& sink, std::string format, MuxOptions options) {
    return mux(sink.writer(), std::move(format), std::move(options));
}

std::unique_ptr<StageDefinition> mux(std::shared_ptr<ByteWriter> writer, std::string format, MuxOptions options) {
    options.url = "bytes:" + writer->name();
    options.format = std::move(format);
    return std::make_unique<Mux>(std::move(options), std::move(writer));
}

} // namespace weir
