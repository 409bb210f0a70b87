#include <weir/stages/catalog.hpp>
#include <weir/stages/decode.hpp>
#include <weir/stages/demux.hpp>
#include <weir/stages/encode.hpp>
#include <weir/stages/frame_number.hpp>
#include <weir/stages/framehash.hpp>
#include <weir/stages/mux.hpp>
#include <weir/stages/null.hpp>
#include <weir/stages/pace.hpp>
#include <weir/stages/resample.hpp>
#include <weir/stages/scale.hpp>
#include <weir/stages/testsrc.hpp>
#include <weir/stages/tone.hpp>

#include <utility>

namespace weir {

void register_stages(StageCatalog& catalog) {
    catalog.add(stage_type<DemuxOptions>("demux", "reads a file or URL: a port for each stream", [](DemuxOptions options) {
        std::string url = options.url;
        return demux(std::move(url), std::move(options));
    }));
    catalog.add(stage_type<DecodeOptions>("decode", "packets to pictures or sound",
                                          [](DecodeOptions options) { return decode(std::move(options)); }));
    catalog.add(stage_type<ScaleOptions>("scale", "gives pictures another size, pixel format or colour",
                                         [](const ScaleOptions& options) { return scale(options); }));
    catalog.add(stage_type<ResampleOptions>("resample", "gives sound another rate, sample format or channels",
                                            [](const ResampleOptions& options) { return resample(options); }));
    catalog.add(stage_type<EncodeOptions>("encode", "pictures or sound to packets",
                                          [](const EncodeOptions& options) { return encode(options); }));
    catalog.add(stage_type<MuxOptions>("mux", "writes a file or URL from any number of streams", [](MuxOptions options) {
        std::string url = options.url;
        return mux(std::move(url), std::move(options));
    }));
    catalog.add(stage_type<TestsrcOptions>("testsrc", "makes a moving picture that shows its number",
                                           [](const TestsrcOptions& options) { return testsrc(options); }));
    catalog.add(stage_type<ToneOptions>("tone", "makes a tone", [](const ToneOptions& options) { return tone(options); }));
    catalog.add(stage_type<FramehashOptions>("framehash", "writes a line for each frame: pts, format, MD5",
                                             [](const FramehashOptions& options) { return framehash(options); }));
    catalog.add(stage_type<NumbersOptions>("numbers", "reads the numbers of testsrc's pictures and checks them",
                                           [](const NumbersOptions& options) { return numbers(options); }));
    catalog.add(stage_type<PaceOptions>("pace", "lets media through at the time it is due",
                                        [](const PaceOptions& options) { return pace(options); }));
    catalog.add(stage_type<NullOptions>("null", "takes everything and does nothing with it",
                                        [](const NullOptions& options) { return null(options); }));
}

} // namespace weir
