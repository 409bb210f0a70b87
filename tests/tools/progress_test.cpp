#include "../../tools/src/progress.hpp"

#include <catch2/catch.hpp>

namespace {

weir::Snapshot snapshot() {
    weir::Snapshot s;
    s.elapsed = 2'000'000'000;
    s.media_time = 3723.46;
    s.links.resize(2);
    s.links[0].from = "in.audio";
    s.links[0].to = "out.in0";
    s.links[0].items = 999;
    s.links[1].from = "encode.out";
    s.links[1].to = "out.in1";
    s.links[1].items = 100;
    s.pools.emplace_back().stats.bytes = std::size_t{3} * 512 * 1024;
    return s;
}

} // namespace

TEST_CASE("progress is time, items, their rate, speed and memory", "[tools][progress]") {
    CHECK(weir::tools::progress_text(snapshot(), 79) == "1:02:03.4  999 items  499.5 fps  1861.73x  pools 1.5 MiB");
}

TEST_CASE("a narrow terminal shows less progress, not a broken line", "[tools][progress]") {
    CHECK(weir::tools::progress_text(snapshot(), 45) == "1:02:03.4  999 items  499.5 fps  1861.73x");
    CHECK(weir::tools::progress_text(snapshot(), 9) == "1:02:03.4");
    CHECK(weir::tools::progress_text(snapshot(), 3).empty());
}

TEST_CASE("progress at the very start is no nonsense", "[tools][progress]") {
    CHECK(weir::tools::progress_text({}, 79) == "0:00:00.0  0 items  0.0 fps  0.00x  pools 0.0 MiB");
}
