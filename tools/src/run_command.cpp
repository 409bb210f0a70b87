#include "run_command.hpp"

#include <weir/framework/graph_text.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/stage_catalog.hpp>
#include <weir/stages/codec_log.hpp>

#include "interruption.hpp"
#include "output_file.hpp"
#include "progress.hpp"
#include "terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <system_error>

namespace weir::tools {

namespace {

std::string read_graph_file(const std::string& path) {
    std::ifstream file;
    if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file)
            throw GraphError("cannot read '" + path + "': " + std::generic_category().message(errno));
    }
    std::istream& stream = path == "-" ? std::cin : file;
    std::string text(max_graph_bytes + 1, '\0'); // one more than parse_graph takes, so that it can refuse
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (stream.bad())
        throw GraphError("cannot read '" + path + "'");
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

GraphText read_graph(const RunOptions& options) {
    if (!options.file.empty())
        return parse_graph(read_graph_file(options.file), options.file == "-" ? "standard input" : options.file);
    if (options.graph.size() > 1)
        throw GraphError("the graph is one argument: write it in quotes, weir run 'demux in.mp4 ! ...'");
    return parse_graph(options.graph.front());
}

class Run {
public:
    explicit Run(const RunOptions& options)
        : options_(options), terminal_(options.quiet), interruption_([this](unsigned count) { interrupt(count); }) {}

    int run() {
        int status = failed;
        try {
            execute();
            status = interruptions_.load() ? interrupted : done;
        } catch (const GraphError& error) {
            terminal_.message(LogLevel::error, error.what());
            status = wrong;
        } catch (const Cancelled&) {
            status = interrupted;
        } catch (const Error& error) {
            say(error);
        } catch (const std::bad_alloc&) {
            terminal_.message(LogLevel::error, "out of memory");
        } catch (const std::exception& error) {
            terminal_.message(LogLevel::error, error.what());
        }
        // Whatever the end was, but for a graph that was refused.
        if (status == wrong || !pipeline_ || options_.stats.empty())
            return status;
        return write_stats(*pipeline_) || status != done ? status : failed;
    }

private:
    void execute() {
        const GraphText graph = read_graph(options_);
        EngineConfig config;
        config.threads = options_.threads;
        config.log = [this](LogLevel level, const std::string& text) { terminal_.message(level, text); };
        take_over_codec_log(config.log);
        engine_.emplace(std::move(config));
        pipeline_.emplace(*engine_, "weir");
        {
            const detail::Lock lock(mutex_);
            target_ = &*pipeline_;
        }
        build(*pipeline_, graph, StageCatalog::standard(),
              {.quota = options_.quota, .capacity = options_.capacity, .overwrite = options_.overwrite});
        pipeline_->start();
        apply(interruptions_.load()); // of what came too early for a pipeline that did not run
        std::optional<Progress> progress;
        if (shows_progress())
            progress.emplace(terminal_, *pipeline_);
        pipeline_->wait();
    }

    [[nodiscard]] bool shows_progress() const {
        if (options_.progress == ShowProgress::automatic)
            return terminal_.is_terminal() && !options_.quiet;
        return options_.progress == ShowProgress::always;
    }

    void say(const Error& error) {
        const std::string when =
            std::isnan(error.media_time()) ? std::string() : fmt::format(" (at about {:.2f} s)", error.media_time());
        terminal_.message(LogLevel::error, error.what() + when);
        for (const Error& other : error.others())
            terminal_.message(LogLevel::error, std::string("and then: ") + other.what());
    }

    // On the thread that waits for signals.
    void interrupt(unsigned count) {
        if (count >= 3)
            _exit(interrupted); // whatever hangs: the user has asked three times
        terminal_.message(LogLevel::warning, count == 1 ? "stopping: what is under way is finished (once more: stop at once)"
                                                        : "stopping at once");
        interruptions_.store(count);
        apply(count);
    }

    void apply(unsigned count) {
        const detail::Lock lock(mutex_);
        if (target_ && count == 1)
            target_->drain();
        else if (target_ && count > 1)
            target_->cancel();
    }

    // False if that failed, which is said.
    bool write_stats(const Pipeline& pipeline) {
        try {
            write_file(options_.stats, to_json(pipeline.snapshot()));
            return true;
        } catch (const std::exception& error) {
            terminal_.message(LogLevel::error, error.what());
            return false;
        }
    }

    const RunOptions& options_;
    Terminal terminal_;
    std::atomic<unsigned> interruptions_{0}; // seq_cst: stored before `apply` looks at the pipeline, loaded after its start
    detail::Mutex mutex_;
    Pipeline* target_ WEIR_GUARDED_BY(mutex_) = nullptr; // of interruptions: pipeline_ once it is there
    std::optional<Engine> engine_;
    std::optional<Pipeline> pipeline_;
    Interruption interruption_; // the last to be made and the first to go: it calls the others
};

} // namespace

int run(const RunOptions& options) { return Run(options).run(); }

} // namespace weir::tools
