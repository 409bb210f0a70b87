#include <weir/pools/ledger.hpp>

#include "ledger_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir {
namespace {

constexpr std::chrono::milliseconds worth_telling{100};

} // namespace

namespace detail {

void LedgerRows::add(const Block& block) {
    rows_.push_back({HolderId{block.holder.load(std::memory_order_relaxed)}, block.since.load(std::memory_order_relaxed),
                     block.bytes, block.refs.handles() > 1});
}

/// Of what is noted as a queue's, the oldest is its reader's: as much as no longer waits.
void LedgerRows::share_queues_out() {
    std::sort(rows_.begin(), rows_.end(),
              [](const Row& a, const Row& b) { return a.holder != b.holder ? a.holder < b.holder : a.since < b.since; });
    for (std::size_t begin = 0, end = 0; begin < rows_.size(); begin = end) {
        const HolderId holder = rows_[begin].holder;
        for (end = begin; end < rows_.size() && rows_[end].holder == holder;)
            ++end;
        if (const auto queue = holder_queue(holder))
            for (std::size_t taken = end - begin - std::min(end - begin, queue->waiting); taken > 0; --taken)
                rows_[begin + taken - 1].holder = queue->reader;
    }
}

Ledger LedgerRows::sum_up() && {
    share_queues_out();
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.holder < b.holder; });
    const std::int64_t now = ledger_now();
    Ledger ledger;
    ledger.out = rows_.size();
    for (const Row& row : rows_) {
        if (ledger.holders.empty() || ledger.holders.back().id != row.holder) {
            HolderShare& share = ledger.holders.emplace_back();
            share.id = row.holder;
            share.name = holder_name(row.holder);
        }
        HolderShare& share = ledger.holders.back();
        ++share.buffers;
        share.bytes += row.bytes;
        share.shared += row.shared ? 1 : 0;
        if (row.since != 0) // 0: nobody said when
            share.oldest = std::max(share.oldest, std::chrono::nanoseconds(now - row.since));
    }
    std::sort(ledger.holders.begin(), ledger.holders.end(), [](const HolderShare& a, const HolderShare& b) {
        return a.buffers != b.buffers ? a.buffers > b.buffers : a.id < b.id;
    });
    return ledger;
}

} // namespace detail

std::string to_string(const Ledger& ledger) {
    std::string text = fmt::format("{} of {} out", ledger.out, ledger.max_capacity);
    const char* separator = ": ";
    for (const HolderShare& share : ledger.holders) {
        text += fmt::format("{}{} {}", separator, share.name, share.buffers);
        separator = ", ";
        const bool old = share.oldest >= worth_telling;
        if (old)
            text += fmt::format(" (oldest {:.1f} s", std::chrono::duration<double>(share.oldest).count());
        if (share.shared)
            text += fmt::format("{}+{} shared", old ? ", " : " (", share.shared);
        if (old || share.shared)
            text += ')';
    }
    return text;
}

} // namespace weir
