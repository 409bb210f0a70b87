#include <weir/framework/clock.hpp>
#include <weir/framework/detail/port_base.hpp>
#include <weir/framework/port.hpp>
#include <weir/pools/pool_registry.hpp>

#include "latency.hpp"
#include "nodes.hpp"
#include "pipeline_impl.hpp"

#include <algorithm>

namespace weir::detail {

std::string PortBase::full_name() const { return stage_ ? stage_->name() + "." + name_ : name_; }

// --- links

LinkBase::LinkBase(OutputBase& from, InputBase& to, const LinkOptions& options)
    : capacity_(options.capacity), max_bytes_(options.max_bytes), max_time_(options.max_time.count()),
      when_full_(options.when_full), measures_(max_bytes_ != 0 || max_time_ != 0), from_(from), to_(to) {}

void LinkBase::set_reader(HolderId reader) noexcept {
    try {
        if (reader == HolderId{})
            holder_.set_queue({}, nullptr);
        else
            holder_.set_queue(reader, [this] { return size(); });
    } catch (...) {
        return; // no memory: the ledger shows the reader's frames as the link's
    }
}

double LinkBase::media_time() const noexcept {
    return seconds(last_pts_.load(std::memory_order_relaxed), last_base_.load(std::memory_order_relaxed));
}

void LinkBase::close() noexcept {
    closed_.store(true, std::memory_order_seq_cst);
    discard();
    if (producer_waits.load(std::memory_order_seq_cst)) // not `settle`: a late producer may be at the queue, too
        tell_producer_now();
}

LinkBase::~LinkBase() = default;

void LinkBase::measure_latency(Clock& clock) { latency_ = std::make_unique<Latency>(clock); }

void LinkBase::note_latency(std::int64_t entered, std::int64_t pts, Rational base) noexcept {
    latency_->note(entered, pts, base);
}

void LinkBase::begin_anew() noexcept {
    discard();
    bytes_.store(0, std::memory_order_relaxed);
    time_in_.store(no_time, std::memory_order_relaxed);
    time_out_.store(no_time, std::memory_order_relaxed);
    consumer_waits.store(false, std::memory_order_seq_cst);
    producer_waits.store(false, std::memory_order_seq_cst);
    closed_.store(false, std::memory_order_seq_cst);
    ended_.store(false, std::memory_order_seq_cst);
}

void LinkBase::grow() noexcept {
    // Both, whichever was in the way: the next item fits.
    const std::size_t wanted = size() + 1;
    if (capacity() < wanted)
        capacity_.store(wanted, std::memory_order_relaxed);
    if (least_.load(std::memory_order_relaxed) < wanted)
        least_.store(wanted, std::memory_order_relaxed);
    overflows_.fetch_add(1, std::memory_order_relaxed);
    from_.stage().signal();
}

void LinkBase::measure_time_in(std::int64_t pts, Rational base) noexcept {
    if (max_time_ == 0 || pts == no_time || !base.valid())
        return;
    const std::int64_t time = rescale(pts, base, nanosecond);
    if (time_out_.load(std::memory_order_relaxed) == no_time)
        time_out_.store(time, std::memory_order_relaxed);
    time_in_.store(time, std::memory_order_relaxed);
}

void LinkBase::measure_time_out(std::int64_t pts, Rational base) noexcept {
    if (max_time_ != 0 && pts != no_time && base.valid())
        time_out_.store(rescale(pts, base, nanosecond), std::memory_order_relaxed);
}

bool LinkBase::measure_fits() const noexcept {
    if (max_bytes_ && bytes_.load(std::memory_order_relaxed) >= max_bytes_)
        return false;
    const std::int64_t in = time_in_.load(std::memory_order_relaxed);
    const std::int64_t out = time_out_.load(std::memory_order_relaxed);
    // unsigned: hostile times may be further apart than a signed difference can say
    return !max_time_ || in <= out ||
           static_cast<std::uint64_t>(in) - static_cast<std::uint64_t>(out) < static_cast<std::uint64_t>(max_time_);
}

void LinkBase::tell_consumer() noexcept {
    // Pairs with HeadWait::publish: it sets the flag and then looks into the mailbox; we stored and then look at the flag.
    if (consumer_waits.load(std::memory_order_seq_cst) && consumer_waits.exchange(false, std::memory_order_seq_cst))
        to_.stage().signal();
}

void LinkBase::tell_producer_now() noexcept {
    if (producer_waits.exchange(false, std::memory_order_seq_cst))
        from_.stage().signal();
}

std::int64_t OutputBase::entry_now() const noexcept { return entry_clock_->now().time_since_epoch().count(); }

// --- inputs

InputBase::InputBase(std::string name, ItemType type) : PortBase(std::move(name), type) {}
InputBase::~InputBase() = default;

void InputBase::forward_gap(const Gap& gap) noexcept {
    if (!forwards_gaps)
        return;
    for (OutputBase* output : gap_targets)
        output->put_gap(gap);
}

// --- outputs

OutputBase::OutputBase(std::string name, ItemType type) : PortBase(std::move(name), type), quota_(Quota::make(1)) {
    quota_waiter.port = this;
}
OutputBase::~OutputBase() { leave_pools(); }

void OutputBase::attach(LinkBase& link) {
    items_.resize(links_.size() + 1);
    link.index = links_.size();
    links_.push_back(&link);
}

void OutputBase::add_branch(LinkBase& link) {
    attach(link);
    try {
        flow::make_edge(*node_, link.to().node().node);
    } catch (...) {
        links_.pop_back();
        throw;
    }
    has_branches_.store(true, std::memory_order_relaxed);
}

void OutputBase::remove_branch(LinkBase& link) noexcept {
    flow::remove_edge(*node_, link.to().node().node);
    links_.erase(std::find(links_.begin(), links_.end(), &link));
    for (std::size_t i = 0; i < links_.size(); ++i)
        links_[i]->index = i;
    has_branches_.store(links_.size() > lasting_links_.size(), std::memory_order_relaxed);
}

bool OutputBase::open() const noexcept {
    return discards_at_source() ||
           std::any_of(links_.begin(), links_.end(), [](const LinkBase* link) { return !link->closed(); });
}

bool OutputBase::has_room() const noexcept {
    return std::all_of(links_.begin(), links_.end(), [](const LinkBase* link) { return link->has_room(); });
}

void OutputBase::wait_for_room(bool waiting) noexcept {
    for (LinkBase* link : links_)
        if (!link->drops()) // those never keep it waiting
            link->producer_waits.store(waiting, std::memory_order_seq_cst);
}

void OutputBase::send(const Token& token) noexcept { node_->put(token); }

void OutputBase::end() noexcept { send({nullptr, nullptr, Token::Kind::end}); }

void OutputBase::put_gap(const Gap& gap) noexcept {
    try {
        for (LinkBase* link : links_)
            link->reserve();
    } catch (...) {
        return; // no memory: a gap is only ever a help
    }
    send({nullptr, &gap, Token::Kind::gap});
}

// The pools of a port. Its quota is part of the maximum of the pool it uses now.

void OutputBase::set_quota(std::size_t limit) noexcept {
    set_quota_ = limit;
    quota_->set_limit(limit);
}

void OutputBase::grow_quota() noexcept {
    // Called by the stall rule while the stage is suspended; the pool learns of it at the stage's next acquire.
    quota_->grow();
}

void OutputBase::leave_pools() noexcept {
    frames_ = {};
    samples_ = {};
    frames_format_ = {};
}

BasicFramePool& OutputBase::frame_pool(const VideoFormat& format, BufferRequirements requirements) {
    if (!frames_ || format != frames_format_ || requirements != frames_requirements_) {
        frames_.change(registry().frames(format, requirements));
        frames_format_ = format;
        frames_requirements_ = requirements;
    }
    frames_.demand().set(quota_->limit());
    return *frames_;
}

BasicSamplePool& OutputBase::sample_pool(const AudioFormat& format, std::uint32_t count) {
    if (!samples_ || !holds(*samples_, format, count))
        samples_.change(registry().samples(format, count));
    samples_.demand().set(quota_->limit());
    return *samples_;
}

namespace {

/// For a test that wants this acquire to fail.
void ask_probe(const StageBase& stage) {
    const auto& core = static_cast<const StageCore&>(stage);
    if (Probe* probe = core.pipeline().probe())
        probe->acquires(core);
}

} // namespace

PooledFrame OutputBase::frame(const VideoFormat& format, BufferRequirements requirements, Waiter* at_budget) {
    return frame_pool(format, requirements).acquire_or_spill({quota_, stage().holder(), stage().now()}, at_budget);
}

PooledSamples OutputBase::samples(const AudioFormat& format, std::uint32_t count, Waiter* at_budget) {
    return sample_pool(format, count).acquire_or_spill(format, count, {quota_, stage().holder(), stage().now()}, at_budget);
}

// --- a buffer

bool BufferWait::ready() noexcept {
    if (done_)
        return true;
    if (!QuotaWait::ready())
        return false;
    try {
        done_ = try_acquire();
    } catch (...) {
        error_ = std::current_exception();
        return done_ = true;
    }
    if (done_)
        taken_ = false; // it is the buffer's
    return done_;
}

bool BufferWait::try_acquire() {
    auto& stage = static_cast<StageCore&>(stage_);
    if (!std::exchange(asked_, true))
        ask_probe(stage);
    const bool last = deadline_ && stage.clock().now() >= *deadline_;
    if (acquire(last ? nullptr : &output().quota_waiter))
        return true;
    waits_at_.emplace(pool());
    if (!deadline_) {
        stage.prepare_timer();
        deadline_ = stage.clock().now() + stage.pipeline().engine().memory_wait();
        kind_ = WaitKind::time; // it will end by itself
    }
    return false;
}

void BufferWait::publish() noexcept {
    if (deadline_)
        static_cast<StageCore&>(stage_).wake_at(*deadline_);
    else
        QuotaWait::publish();
}

void BufferWait::unpublish() noexcept {
    QuotaWait::unpublish();
    if (waits_at_)
        waits_at_->cancel_wait(output().quota_waiter);
    waits_at_.reset();
}

PooledFrame WritableWait::await_resume() {
    throw_error();
    if (!copy_)
        return std::move(frame_);
    copy_pixels(frame_, copy_);
    const Crop whole = copy_.header().crop;
    copy_.header() = frame_.header();
    copy_.header().crop = whole;
    return std::move(copy_);
}

} // namespace weir::detail
