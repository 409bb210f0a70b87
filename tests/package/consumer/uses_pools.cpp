#include <weir/pools/pool_registry.hpp>

int main() {
    weir::PoolRegistry registry;
    const auto format = weir::video_format("64x48 yuv420p");
    return format && registry.frames(*format).stats().in_use == 0 ? 0 : 1;
}
