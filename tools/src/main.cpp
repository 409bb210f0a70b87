// The `weir` program: its command line.
#include <weir/framework/options.hpp>
#include <weir/framework/printable.hpp>
#include <weir/framework/redact.hpp>
#include <weir/stages/catalog.hpp>

#include "inspect_command.hpp"
#include "run_command.hpp"
#include "terminal.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace weir::tools;

constexpr const char* run_footer =
    R"(GRAPH is one line (quote it for the shell) such as
  in: demux in.mp4; out: mux out.mp4
  in.video ! decode ! scale 1280x720 ! encode libx264 crf=23 ! out
Statements are apart by ; or a new line, chains go with !, name: defines a
name, name.port refers to a port, # begins a comment. weir inspect tells what
stages there are.

Exit status: 0 done, 1 the run failed, 2 the command or the graph is wrong,
130 interrupted (Ctrl-C once: what is under way is finished; twice: at once).)";

struct CommandLine {
    CLI::App app{"Runs media pipelines."};
    RunOptions run;
    std::string stage;
    CLI::App* run_command = nullptr;
    CLI::App* inspect_command = nullptr;

    CommandLine() {
        app.name("weir");
        app.set_version_flag("--version", "weir " WEIR_VERSION);
        app.require_subcommand(1);
        app.failure_message([](const CLI::App* failing, const CLI::Error& error) {
            const bool in_run = failing->got_subcommand("run");
            return std::string("weir: error: ") + error.what() + meant(*failing) + "\nweir " + (in_run ? "run " : "") +
                   "--help tells more.\n";
        });
        add_run();
        inspect_command = app.add_subcommand("inspect", "Lists the stages, or one stage's options");
        inspect_command->add_option("STAGE", stage, "Its type");
    }

    static const std::map<std::string, ShowProgress>& ways() {
        static const std::map<std::string, ShowProgress> map{
            {"auto", ShowProgress::automatic}, {"always", ShowProgress::always}, {"never", ShowProgress::never}};
        return map;
    }

    // "; did you mean --threads?", for the first word that is no option or command.
    static std::string meant(const CLI::App& app) {
        const std::vector<const CLI::App*> given = app.get_subcommands({});
        const bool has_command = std::ranges::any_of(given, [](const CLI::App* command) { return command->parsed(); });
        std::vector<std::string> names;
        for (const CLI::App* command : given) {
            if (!has_command)
                names.push_back(command->get_name());
            else if (command->parsed())
                for (const CLI::Option* option : command->get_options())
                    names.push_back(option->get_name());
        }
        for (const std::string& word : app.remaining(true)) {
            const auto name = has_command == word.starts_with('-') ? weir::nearest(word, names) : std::nullopt;
            if (name)
                return "; did you mean " + *name + '?';
        }
        return {};
    }

    void add_run() {
        constexpr std::size_t many = 1'000'000;
        run_command = app.add_subcommand("run", "Runs a graph to its end");
        run_command->footer(run_footer);
        auto* graph = run_command->add_option("GRAPH", run.graph, "The graph");
        auto* file = run_command->add_option("-f,--file", run.file, "Read the graph from this file; - is standard input");
        file->excludes(graph);
        run_command->add_option("--threads", run.threads, "Workers; 0: as many as the machine gives")
            ->check(CLI::Range(0U, 1024U));
        run_command->add_option("--stats", run.stats,
                                "Write the figures of the run to this file, as JSON; - is standard output");
        run_command->add_flag("--quiet", run.quiet, "Show errors only");
        run_command->add_flag("--overwrite", run.overwrite, "Replace output files that exist");
        run_command
            ->add_option_function<std::string>(
                "--progress", [this](const std::string& way) { run.progress = ways().at(way); },
                "auto (on a terminal), always or never")
            ->check(CLI::IsMember(ways()).description(""))
            ->type_name("WHEN");
        run_command->add_option("--quota", run.quota, "Frames of each output that may be out, for all stages that do not say")
            ->check(CLI::Range(std::size_t{0}, many));
        run_command->add_option("--capacity", run.capacity, "Items of each link, for all stages that do not say")
            ->check(CLI::Range(std::size_t{0}, many));
        run_command->callback([graph, file] {
            if (graph->empty() && file->empty())
                throw CLI::RequiredError("GRAPH or --file");
        });
    }
};

int execute(int argc, char** argv) {
    CommandLine line;
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream output;
        std::ostringstream errors;
        if (line.app.exit(error, output, errors) == 0) { // --help, --version
            write_output(output.str());
            return done;
        }
        std::string text = errors.str();
        std::cerr << weir::printable(weir::redact_urls(text), true);
        return wrong;
    }
    weir::register_stages(weir::StageCatalog::standard());
    if (line.run_command->parsed())
        return run(line.run);
    const weir::StageCatalog& catalog = weir::StageCatalog::standard();
    write_output(line.stage.empty() ? list_stages(catalog) : describe_stage(catalog, line.stage));
    return done;
}

} // namespace

int main(int argc, char** argv) {
    // A closed pipe is an error like any other.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return execute(argc, argv);
    } catch (const weir::GraphError& error) {
        Terminal(false).message(weir::LogLevel::error, error.what());
        return wrong;
    } catch (const std::exception& error) {
        Terminal(false).message(weir::LogLevel::error, error.what());
        return failed;
    }
}
