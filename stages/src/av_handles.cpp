// FFmpeg's structs with an owner.
#include <weir/stages/av.hpp>

#include <new>

namespace weir::av {
namespace {

template <class Ptr> Ptr owned(typename Ptr::pointer made) {
    if (!made)
        throw std::bad_alloc();
    return Ptr(made);
}

} // namespace

FramePtr make_frame() { return owned<FramePtr>(av_frame_alloc()); }
PacketPtr make_packet() { return owned<PacketPtr>(av_packet_alloc()); }
ParametersPtr make_parameters() { return owned<ParametersPtr>(avcodec_parameters_alloc()); }

ParametersPtr copy(const AVCodecParameters& parameters) {
    ParametersPtr result = make_parameters();
    check(avcodec_parameters_copy(result.get(), &parameters), "codec parameters");
    return result;
}

} // namespace weir::av
