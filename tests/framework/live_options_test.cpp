// Options of a definition that change while its coroutine runs.
#include <weir/framework/live_options.hpp>

#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace weir;

namespace {

struct GainOptions {
    int factor = 1;
    int seed = 7;
    static const OptionTable<GainOptions>& table() {
        static const auto table = [] {
            OptionTable<GainOptions> t;
            t.add("factor", &GainOptions::factor, {.help = "times", .min = 0, .max = 100, .live = true})
                .add("seed", &GainOptions::seed, {.help = "fixed"});
            return t;
        }();
        return table;
    }
};

class Gain final : public StageDefinition {
public:
    [[nodiscard]] std::string type() const override { return "gain"; }
    void declare(Ports& ports) override {
        static_cast<void>(ports.input<int>("in"));
        static_cast<void>(ports.output<int>("out"));
    }
    void change_option(std::string_view name, std::string_view value) override { options_.change(name, value); }
    [[nodiscard]] Process run(StageContext&, Ports& ports) override {
        return amplify(ports.get_input<int>("in"), ports.get_output<int>("out"), options_);
    }

private:
    static Process amplify(Input<int> in, Output<int> out, const LiveOptions<GainOptions>& live) {
        LiveOptions<GainOptions>::Reader options(live);
        while (const std::optional<int> item = co_await in.next()) {
            static_cast<void>(options.refresh());
            if (!co_await out.put(*item * options->factor))
                co_return;
        }
    }
    LiveOptions<GainOptions> options_{{}};
};

} // namespace

TEST_CASE("an option that is changed holds from the stage's next item on", "[live_options]") {
    support::TestEngine engine;
    Pipeline pipeline(engine.engine);
    std::vector<int> got;
    // Changed while the source makes the 50th: what it has put before may be multiplied by either, what it puts then by the
    // new.
    const auto from = pipeline.add("numbers", source([&, n = 0]() mutable -> std::optional<int> {
                                       if (n == 50)
                                           std::thread([&] { pipeline.set_option("gain", "factor", "3"); }).join();
                                       return n < 100 ? std::optional(1 + 0 * n++) : std::nullopt;
                                   }));
    const AnyStage gain = pipeline.add("gain", std::make_unique<Gain>());
    pipeline.connect(from, gain, {.capacity = 4});
    gain["out"] >> pipeline.add("sink", sink([&got](int n) { got.push_back(n); }));
    pipeline.run();
    REQUIRE(got.size() == 100);
    CHECK(std::is_sorted(got.begin(), got.end()));
    const auto of_the_old = std::count(got.begin(), got.end(), 1);
    CHECK(of_the_old >= 40); // the link has room for four
    CHECK(of_the_old <= 50);
    CHECK(std::count(got.begin(), got.end(), 3) == 100 - of_the_old);
}

TEST_CASE("an option that cannot be changed so is refused, and nothing has changed", "[live_options][errors]") {
    support::TestEngine engine;
    Pipeline pipeline(engine.engine);
    std::vector<int> got;
    pipeline.add("numbers",
                 source([n = 0]() mutable -> std::optional<int> { return n < 3 ? std::optional(n++) : std::nullopt; })) >>
        pipeline.add("gain", std::make_unique<Gain>()) >> pipeline.add("sink", sink([&got](int n) { got.push_back(n); }));
    pipeline.prepare();
    CHECK_THROWS_WITH(pipeline.set_option("gain", "seed", "3"), Catch::Contains("seed"));
    CHECK_THROWS_WITH(pipeline.set_option("gain", "facto", "3"), Catch::Contains("factor"));
    CHECK_THROWS_WITH(pipeline.set_option("gain", "factor", "101"), Catch::Contains("100"));
    CHECK_THROWS_WITH(pipeline.set_option("gain", "factor", "x"), Catch::Contains("x"));
    CHECK_THROWS_WITH(pipeline.set_option("gan", "factor", "3"), Catch::Contains("gan"));
    CHECK_THROWS_AS(pipeline.set_option("sink", "factor", "3"), GraphError);
    pipeline.run();
    CHECK(got == std::vector{0, 1, 2});
}

TEST_CASE("an update that throws has changed nothing, and readers are not told", "[live_options][errors]") {
    LiveOptions<GainOptions> live{{}};
    LiveOptions<GainOptions>::Reader reader(live);
    CHECK_THROWS_AS(live.update([](GainOptions& options) {
        options.factor = 9;
        throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(live.get().factor == 1);
    CHECK_FALSE(reader.refresh());
    live.change("factor", "4");
    CHECK(reader->factor == 1);
    CHECK(reader.refresh());
    CHECK(reader->factor == 4);
    CHECK_FALSE(reader.refresh());
}
