#include "plane_staging.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace weir::detail {
namespace {

class ZimgConverter final : public Converter {
public:
    ZimgConverter(const Conversion& conversion, ZimgGraph graph)
        : graph_(std::move(graph)),
          source_(conversion.from, rows(&zimg_filter_graph_get_input_buffering), reads_before(conversion)),
          target_(conversion.to, rows(&zimg_filter_graph_get_output_buffering)) {
        std::size_t bytes = 0;
        check(zimg_filter_graph_get_tmp_size(graph_.get(), &bytes));
        work_ = aligned_bytes(zimg_margin + bytes);
    }

    void convert(const PooledFrame& from, PooledFrame& to) override {
        source_.bind_source(from);
        target_.bind_target(to);
        const zimg_image_buffer_const source = source_.source();
        const zimg_image_buffer target = target_.target();
        check(zimg_filter_graph_process(graph_.get(), &source, &target, work_.get() + zimg_margin,
                                        source_.staged() ? &unpack : nullptr, &source_, target_.staged() ? &pack : nullptr,
                                        &target_));
    }

private:
    /// zimg 3.0.4's AVX-512 code reads 16 bytes before a row where it changes the depth in front of its point filter: before
    /// the first row, nobody knows what is there.
    static bool reads_before(const Conversion& conversion) noexcept { return conversion.filter == ScaleFilter::point; }

    static int unpack(void* staging, unsigned row, unsigned left, unsigned right) {
        static_cast<const PlaneStaging*>(staging)->unpack(row, left, right);
        return 0;
    }
    static int pack(void* staging, unsigned row, unsigned left, unsigned right) {
        static_cast<const PlaneStaging*>(staging)->pack(row, left, right);
        return 0;
    }
    static void check(zimg_error_code_e code) {
        if (code == ZIMG_ERROR_SUCCESS)
            return;
        std::array<char, 256> text{};
        zimg_get_last_error(text.data(), text.size());
        throw std::runtime_error(std::string("zimg: ") + text.data());
    }
    [[nodiscard]] unsigned rows(zimg_error_code_e (*ask)(const zimg_filter_graph*, unsigned*)) const {
        unsigned count = 0;
        check(ask(graph_.get(), &count));
        return count;
    }

    ZimgGraph graph_;
    PlaneStaging source_;
    PlaneStaging target_;
    AlignedBytes work_;
};

} // namespace

std::unique_ptr<Converter> make_zimg_converter(const Conversion& conversion) {
    if (zimg_picture(conversion.from).planes == 0 || zimg_picture(conversion.to).planes == 0)
        return nullptr;
    auto graph = build_zimg_graph(conversion);
    return graph ? std::make_unique<ZimgConverter>(conversion, std::move(graph)) : nullptr;
}

} // namespace weir::detail
