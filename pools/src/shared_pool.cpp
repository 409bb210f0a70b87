#include <weir/pools/shared_pool.hpp>

#include "pool_core.hpp"

#include <algorithm>
#include <limits>

namespace weir {

PoolStats SharedPool::stats() const { return core_->stats(); }

Ledger SharedPool::ledger() const { return core_->ledger(); }

void SharedPool::for_each_out(const std::function<void(const Quota*, HolderId, std::size_t, std::uint32_t)>& visit) const {
    core_->blocks().for_each_out(visit);
}

void SharedPool::add_demand(std::ptrdiff_t buffers) noexcept { core_->add_demand(buffers); }

void SharedPool::trim(std::size_t keep) noexcept { core_->trim(keep, std::numeric_limits<std::size_t>::max()); }

void SharedPool::prewarm(std::size_t count) { core_->prewarm(count, core_->maximum()); }

void SharedPool::cancel_wait(Waiter& waiter) noexcept { core_->cancel_wait(waiter); }

void SharedPool::on_warning(std::function<void(const std::string&)> warn) { core_->on_warning(std::move(warn)); }

std::string SharedPool::format_text() const { return core_->blocks().format_text(); }

} // namespace weir
