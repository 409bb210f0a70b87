#pragma once
// The raw notes of a ledger, taken under a lock and summed up outside it.
#include <weir/pools/detail/block.hpp>
#include <weir/pools/ledger.hpp>

#include <cstddef>
#include <vector>

namespace weir::detail {

class LedgerRows {
public:
    void reserve(std::size_t blocks) { rows_.reserve(blocks); }
    [[nodiscard]] bool fits(std::size_t blocks) const noexcept { return blocks <= rows_.capacity(); }
    /// Does not allocate if it fits.
    void add(const Block& block);
    /// Adds the shares up by holder and names them. Locks the table of holders.
    [[nodiscard]] Ledger sum_up() &&;

private:
    void share_queues_out();

    struct Row {
        HolderId holder;
        std::int64_t since;
        std::size_t bytes;
        bool shared;
    };
    std::vector<Row> rows_;
};

} // namespace weir::detail
