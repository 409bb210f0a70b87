#include <weir/framework/pipeline.hpp>
#include <weir/stages/null.hpp>
#include <weir/stages/testsrc.hpp>

int main() {
    weir::TestsrcOptions options;
    options.width = 64;
    options.height = 48;
    options.frames = 10;
    weir::Pipeline pipeline;
    pipeline.add("src", weir::testsrc(options)) >> pipeline.add("null", weir::null());
    pipeline.run();
    return pipeline.snapshot().links.at(0).items == 10 ? 0 : 1;
}
