#include "stage_core.hpp"

#include "follower_list.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::detail {
namespace {

thread_local StageCore* current = nullptr;

constexpr std::int64_t light_activation = 30'000; ///< nanoseconds; waking an idle worker takes as long

} // namespace

StageBase* current_stage() noexcept { return current; }

StageCore::StageCore(PipelineImpl& pipeline, flow::graph& graph, std::string name, StageDefinition& definition, Ports& ports,
                     const StageTraits& traits, const ErrorPolicy& on_error, unsigned codec_threads)
    : StageBase(std::move(name)), pipeline_(pipeline), graph_(graph), definition_(definition), ports_(ports), traits_(traits),
      on_error_(on_error), codec_threads_(codec_threads), length_(4 * light_activation),
      node_(graph, flow::unlimited, [this](const Activation&, ActivationNode::output_ports_type&) noexcept { body(); }) {
    since_.store(ledger_now(), std::memory_order_relaxed);
    for (const auto& input : ports_.inputs()) {
        input->bind(*this);
        input->node_ = std::make_unique<InputNode>(graph, *input);
    }
    for (const auto& output : ports_.outputs())
        bind(*output);
}

StageCore::~StageCore() {
    if (timer_)
        pipeline_.engine().unset_timer(*timer_);
    for (const auto& input : ports_.inputs())
        input->node_.reset();
    for (const auto& output : ports_.outputs())
        output->node_.reset();
}

void StageCore::bind(OutputBase& output) {
    output.bind(*this);
    output.node_ = std::make_unique<OutputNode>(graph_);
    output.use_registry(registry());
}

PoolRegistry& StageCore::registry() noexcept { return pipeline_.engine().registry(); }
unsigned StageCore::spare_workers() const noexcept { return pipeline_.spare_workers(); }

Clock& StageCore::clock() noexcept { return pipeline_.engine().clock(); }
MediaClock& StageCore::media_clock() noexcept { return pipeline_.topology().media_clock; }
void StageCore::prepare_timer() {
    if (!timer_)
        timer_.emplace(*this);
}
void StageCore::wake_at(Clock::Time time) noexcept { pipeline_.engine().set_timer(*timer_, time); }

void StageCore::end(EndReason reason) noexcept {
    int expected = -1;
    if (!ending_.compare_exchange_strong(expected, static_cast<int>(reason), std::memory_order_seq_cst) &&
        reason != EndReason::drained)
        ending_.store(static_cast<int>(reason), std::memory_order_seq_cst); // a cancel overrules a drain
    stop_.store(true, std::memory_order_seq_cst);
    stop_source_.request_stop();
    signal();
}

void StageCore::interrupt() noexcept {
    stop_.store(true, std::memory_order_seq_cst);
    signal();
}

void StageCore::go_on() noexcept {
    // Those that end or pause keep being asked to: that is noted before the mark is set, and this clears the mark before it
    // looks.
    stop_.store(false, std::memory_order_seq_cst);
    if (ending_.load(std::memory_order_seq_cst) >= 0 || pipeline_.paused())
        stop_.store(true, std::memory_order_seq_cst);
    signal();
}

/// It rests until it is told to go on, or to end.
bool StageCore::paused() const noexcept { return pipeline_.paused() && ending_.load(std::memory_order_seq_cst) < 0 && !over_; }

void StageCore::job_over() noexcept {
    // The caller's last touch of this stage is the end of its graph's wait, which outlives both.
    jobs_.fetch_sub(1, std::memory_order_seq_cst);
    signal();
}

void StageCore::post() noexcept {
    // First in, first out and with a wake-up guarantee: a put into the node from here would go to this worker's own queue, and
    // other pipelines would starve. The wait count keeps the graph until the activation is over.
    graph_.reserve_wait();
    if (!FollowerList::take(*this, current))
        enqueue();
}

void StageCore::enqueue() noexcept {
    if (!traits_.blocking)
        pipeline_.engine().queue().post(*this);
    else // `check` has started a thread of it, so nothing fails
        (traits_.endpoint ? pipeline_.engine().endpoints() : pipeline_.engine().io()).post(*this);
}

void StageCore::activate() noexcept {
    flow::graph& graph = graph_; // the stage may be gone when the wait is released
    node_.try_put(Activation{});
    graph.release_wait();
}

void StageCore::run() noexcept {
    const FollowerList followers(pipeline_.engine(), true);
    activate();
}

void run_with_followers(EngineImpl& engine, Runnable& job) noexcept {
    const FollowerList followers(engine, false);
    job.run();
}

/// A stage is light while its latest activations were short on average. What a long one counts is bounded: it may have been
/// short and interrupted by other threads. Two in a row, or one in four, are too many. One that blocks never is.
void StageCore::note_length(std::int64_t activation) noexcept {
    length_ += (std::min(activation, 4 * light_activation) - length_) / 8;
    light_.store(length_ < light_activation && !traits_.blocking, std::memory_order_relaxed);
}

void StageCore::enter(WaitKind kind, const PortBase* port, std::int64_t now) noexcept {
    const WaitKind before = reason().kind();
    auto& time = time_[static_cast<std::size_t>(before)];
    // only the core writes it
    time.store(time.load(std::memory_order_relaxed) + now - since_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    since_.store(now, std::memory_order_relaxed);
    reason_.store(Reason(kind, port).word(), std::memory_order_release);
}

void StageCore::body() noexcept {
    StageCore* const outer = current;
    current = this;
    activations_.store(activations_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    activation_.begin();
    now_ = FollowerList::begin();
    enter(WaitKind::none, nullptr, now_);
    quantum_started_ = now_;
    ticks_ = check_every_;
    if (Probe* probe = pipeline_.probe())
        probe->activated(*this);

    for (;;) {
        const bool settled = rests_for_seek();
        // Not while it rests for a seek, which empties links and opens them anew: a stream that an edit ends would go on.
        if (!settled && edits_wait_.load(std::memory_order_seq_cst))
            make_edits(false);
        const bool resting = settled || (paused() && !may_step());
        if (resting && !settled)
            note_step();
        const Outcome outcome = resting ? Outcome::idle : advance();
        if (outcome == Outcome::finished) {
            enter(WaitKind::none, nullptr, ledger_now());
            current = outer;
            finish(); // the core may be gone when it returns
            return;
        }
        if (!settled) // else the links are not its own at the moment
            settle_links();
        if (outcome == Outcome::yield) {
            note_length(4 * light_activation); // it had its share of the thread
            activation_.yield();
            current = outer;
            graph_.reserve_wait();
            enqueue(); // behind all others: it is not to follow itself
            return;
        }
        // A job's end is waited for by whoever has none of the other reasons. Who is paused waits for nobody in the pipeline.
        const std::int64_t rests_at = ledger_now();
        note_length(rests_at - now_);
        if (resting || over_ || !wait_)
            enter(WaitKind::outside, nullptr, rests_at);
        else
            enter(wait_->kind(), wait_->port(), rests_at);
        current = outer;
        PipelineImpl& pipeline = pipeline_;
        if (activation_.rest()) {
            FollowerList::rest(rests_at);
            // From here on another thread may run this stage, even to its end; the core itself stays while the graph's
            // wait count holds.
            pipeline.look_for_stall(*this);
            if (Probe* probe = pipeline.probe())
                probe->rested();
            return;
        }
        // Told of something meanwhile: look again.
        activation_.begin();
        current = this;
        enter(WaitKind::none, nullptr, ledger_now());
    }
}

/// Before it rests: whom it may have missed is told.
void StageCore::settle_links() noexcept {
    for (const auto& input : ports_.inputs())
        if (input->link())
            input->link()->settle();
    settle_puts();
}

void StageCore::settle_puts() noexcept {
    for (const auto& output : ports_.outputs())
        for (LinkBase* link : output->links())
            link->settle_puts();
}

StageCore::Outcome StageCore::advance() noexcept {
    for (;;) {
        if (clearing_ && ending_.load(std::memory_order_seq_cst) >= 0 && jobs_.load(std::memory_order_seq_cst) == 0)
            over_ = started_ = restarting_ = clearing_ =
                false; // as before its first step: what it registers for its end is told
        if (!over_ && ending_.load(std::memory_order_seq_cst) >= 0) {
            if (jobs_.load(std::memory_order_seq_cst) > 0)
                return Outcome::idle; // its memory is in use; the end of the job signals
            if (!started_) {
                make_coroutine(); // and does not run it: what it registers for its end is told
                error_ = nullptr; // it had nothing to do
            }
            destroy_coroutine();
        }
        if (over_) {
            if (jobs_.load(std::memory_order_seq_cst) > 0)
                return Outcome::idle;
            if (!restarting_ || ending_.load(std::memory_order_seq_cst) >= 0)
                return Outcome::finished;
            if (!ready_to_restart())
                return Outcome::idle;
        }
        if (!started_) {
            make_coroutine();
            if (error_) {
                over_ = true;
                handle_error();
                continue;
            }
        }
        if (wait_) {
            if (!wait_->ready()) {
                wait_->unpublish();
                wait_->publish();
                if (!wait_->ready())
                    return Outcome::idle;
            }
            wait_->unpublish();
            if (wait_->kind() == WaitKind::input && steps_.load(std::memory_order_relaxed) > 0)
                steps_.fetch_sub(1, std::memory_order_relaxed);
            wait_ = nullptr;
        }
        resume_.resume();
        if (process_.done()) {
            error_ = process_.error();
            destroy_coroutine();
            handle_error();
            continue;
        }
        if (std::exchange(yielded_, false) && ending_.load(std::memory_order_seq_cst) < 0)
            return Outcome::yield;
    }
}

void StageCore::make_coroutine() noexcept {
    started_ = true;
    try {
        process_ = definition_.run(*this, ports_);
        resume_ = process_.handle();
    } catch (...) {
        error_ = std::current_exception();
    }
}

void StageCore::destroy_coroutine() noexcept {
    process_.reset();
    wait_ = nullptr;
    resume_ = nullptr;
    over_ = true;
}

void StageCore::close_ports() noexcept {
    // The end of the stream is a promise that this was all of it. Who is cut short makes none: whoever reads is told to end,
    // too, but perhaps a moment later, and must not take what it has for the whole.
    const int ending = ending_.load(std::memory_order_seq_cst);
    if (ending < 0 || static_cast<EndReason>(ending) == EndReason::drained)
        for (const auto& output : ports_.outputs())
            output->end();
    else
        settle_puts(); // a reader that has left may not have seen what was put last
    for (const auto& input : ports_.inputs())
        if (input->link())
            input->link()->close();
}

void StageCore::request(TopologyEdit& edit) noexcept {
    if (done_with_links_) {
        edit.make(true);
        return;
    }
    edits_.push_back(edit);
    edits_wait_.store(true, std::memory_order_seq_cst);
    signal();
}

void StageCore::make_edits(bool last) noexcept {
    const Lock lock(pipeline_.topology().mutex);
    edits_wait_.store(false, std::memory_order_seq_cst);
    done_with_links_ = last;
    while (TopologyEdit* const edit = edits_.pop_front())
        edit->make(last); // the edit may be gone when it returns
}

void StageCore::finish() noexcept {
    if (error_)
        pipeline_.fail(*this, error_);
    close_ports();
    make_edits(true);
    const int ending = ending_.load(std::memory_order_seq_cst);
    auto calls = std::move(on_end_);
    activation_.finish();
    pipeline_.look_for_stall(*this);
    if (Probe* probe = pipeline_.probe())
        probe->rested();
    pipeline_.stage_ended(*this, std::move(calls), ending < 0 ? EndReason::finished : static_cast<EndReason>(ending));
}

void start_job(Job& job, JobPlace place) {
    if (!current)
        throw std::logic_error("work can be started from the body of a stage only");
    job.stage = current;
    current->pipeline().start_job(*current, job, place);
}

void job_over(StageBase& stage) noexcept {
    auto& core = static_cast<StageCore&>(stage);
    PipelineImpl& pipeline = core.pipeline();
    FollowerList::open();
    core.job_over();
    pipeline.let_go();
}

} // namespace weir::detail

namespace weir {

StageContext& this_stage() {
    if (!detail::current)
        throw std::logic_error("this_stage() was called outside the body of a stage");
    return *detail::current;
}

} // namespace weir
