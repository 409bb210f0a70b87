#pragma once
// Who has the frames: the answer to "where did my buffers go?".
#include <weir/pools/holder.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace weir {

/// One holder's part of the frames that are out.
struct HolderShare {
    HolderId id;
    std::string name;
    std::size_t buffers = 0;
    std::size_t bytes = 0;
    std::size_t shared = 0;            ///< of these, how many have more than one handle
    std::chrono::nanoseconds oldest{}; ///< how long the oldest has been there; 0 if nobody said when it came
};

/// A pool's frames that are out, largest holder first. The buffers add up to `out`.
struct Ledger {
    std::string format;
    std::size_t out = 0;
    std::size_t max_capacity = 0;
    std::vector<HolderShare> holders;
};

/// "38 of 40 out: encode[hd] 24 (oldest 2.1 s), compose 9, link decode->scale 5 (+2 shared)".
[[nodiscard]] std::string to_string(const Ledger& ledger);

} // namespace weir
