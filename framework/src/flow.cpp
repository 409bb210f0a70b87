#include <weir/framework/flow.hpp>

#include "engine_impl.hpp"

#include <algorithm>

namespace weir::detail {

oneapi::tbb::task_arena& arena_of(EngineImpl& engine) noexcept { return engine.arena(); }
void share_workers(EngineImpl& engine, int graphs) noexcept { engine.queue().share(graphs); }

FlowPort::FlowPort(std::shared_ptr<FlowGroup> group, FlowSide side, std::string waits_for)
    : group_(std::move(group)), side_(side), waits_for_(std::move(waits_for)) {
    group_->add(*this);
}

FlowPort::~FlowPort() { group_->remove(*this); }

void FlowPort::attach(StageBase& stage) noexcept {
    const Lock lock(group_->mutex);
    stage_ = &stage;
}

void FlowPort::detach() noexcept {
    const Lock lock(group_->mutex);
    stage_ = nullptr;
}

void FlowGroup::tell_all() noexcept {
    for (FlowPort* port : ports_)
        tell(*port);
}

void FlowGroup::add(FlowPort& port) {
    const Lock lock(mutex);
    ports_.push_back(&port);
    ++count(port).made;
    ++count(port).open;
}

void FlowGroup::remove(FlowPort& port) noexcept {
    const Lock lock(mutex);
    std::erase(ports_, &port);
    --count(port).made;
    count(port).open -= port.open_ ? 1 : 0;
    tell_all();
}

void FlowGroup::expect(FlowPort& port) noexcept {
    const Lock lock(mutex);
    if (!std::exchange(port.open_, true))
        ++count(port).open;
    port.ran_ = false;
}

void FlowGroup::open(FlowPort& port) noexcept {
    stopping_.store(false, std::memory_order_relaxed);
    const Lock lock(mutex);
    if (!std::exchange(port.open_, true))
        ++count(port).open;
    port.ran_ = true;
    ++running_;
}

bool FlowGroup::leave() noexcept {
    const Lock lock(mutex);
    return --running_ == 0;
}

void FlowGroup::discard_unopened() noexcept {
    for (std::size_t i = 0;; ++i) {
        FlowPort* port = nullptr;
        {
            const Lock lock(mutex);
            while (i < ports_.size() && ports_[i]->ran_)
                ++i;
            if (i == ports_.size())
                return;
            port = ports_[i];
        }
        port->discard(); // what it frees comes back here: outside the lock
    }
}

void FlowGroup::close(FlowPort& port) noexcept {
    const Lock lock(mutex);
    if (std::exchange(port.open_, false))
        --count(port).open;
    tell_all();
}

bool FlowGroup::has_senders() const noexcept {
    const Lock lock(mutex);
    return senders_.made > 0;
}

void FlowGroup::fail(std::exception_ptr error) noexcept {
    const Lock lock(mutex);
    try {
        errors_.push_back(std::move(error));
    } catch (...) {
        return; // sixteen are there already, which will do, and were told of
    }
    tell_all();
}

std::exception_ptr FlowGroup::take_error(FlowSide side) noexcept {
    const Lock lock(mutex);
    if (!has_error(side))
        return nullptr;
    std::exception_ptr error = std::move(errors_.front());
    errors_.erase(errors_.begin());
    return error;
}

} // namespace weir::detail
