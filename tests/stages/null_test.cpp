#include <weir/stages/null.hpp>
#include <weir/stages/testsrc.hpp>
#include <weir/stages/tone.hpp>

#include "support/collect.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using namespace support;

TEST_CASE("null takes packets, frames and sound, and counts them", "[stages][null]") {
    TestEngine test;
    Pipeline pipeline(test.engine);
    pipeline.add("frames", testsrc({.width = 16, .height = 16, .frames = 12})) >> pipeline.add("a", null());
    pipeline.add("sound", tone({.samples = 3000})) >> pipeline.add("b", null());
    pipeline.add("packets", give(std::vector<Packet>(7))) >> pipeline.add("c", null());
    pipeline.run();
    for (const StageSnapshot& stage : pipeline.snapshot().stages) {
        if (stage.name == "a")
            CHECK(stage.items_in == 12);
        if (stage.name == "b")
            CHECK(stage.items_in == 3);
        if (stage.name == "c")
            CHECK(stage.items_in == 7);
    }
}

TEST_CASE("null refuses other items and being alone, and says why", "[stages][null]") {
    TestEngine test;
    {
        Pipeline pipeline(test.engine);
        pipeline.add("ints", support::numbers, 3) >> pipeline.add("null", null());
        CHECK_THROWS_WITH(pipeline.check(),
                          Catch::Contains("null takes") && Catch::Contains("packets") && Catch::Contains("'out'"));
    }
    Pipeline pipeline(test.engine);
    pipeline.add("null", null());
    CHECK_THROWS_WITH(pipeline.check(), Catch::Contains("nothing is connected"));
}
