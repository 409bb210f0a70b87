#pragma once
#include <weir/pools/rational.hpp>

#include <cstdint>

namespace weir {

/// "Nothing before this time will come on this link": what keeps those that join sparse streams going.
struct Gap {
    std::int64_t time = no_time;
    Rational time_base{0, 1};
};

} // namespace weir
