#include "branches.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace property {
namespace {

/// One of each in turn, until one ends. The sink's own recording would be a thread more.
weir::Process take_turns(weir::Input<weir::PooledFrame> a, weir::Input<weir::PooledFrame> b,
                         weir::Output<weir::PooledFrame> first, weir::Output<weir::PooledFrame> second) {
    for (;;) {
        auto from_a = co_await a.next();
        if (!from_a || !co_await first.put(std::move(*from_a)))
            co_return;
        auto from_b = co_await b.next();
        if (!from_b || !co_await second.put(std::move(*from_b)))
            co_return;
    }
}

bool is_stretch(const std::vector<std::uint64_t>& part, const std::vector<std::uint64_t>& whole) {
    return part.empty() || std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

} // namespace

RandomBranches::RandomBranches(const GraphSpec& spec)
    : spec_(spec), outputs_(interpret_outputs(spec)), random_(mix(spec.seed, 17)) {}

RandomBranches::Arm RandomBranches::random_arm() {
    Arm arm;
    do
        arm.node = below(spec_.nodes.size());
    while (outputs_of(spec_.nodes[arm.node].kind) == 0);
    arm.port = below(outputs_of(spec_.nodes[arm.node].kind));
    constexpr Kind kinds[] = {Kind::forward, Kind::rewrite, Kind::delay, Kind::parallel};
    for (std::size_t more = below(4); more > 0; --more) {
        NodeSpec node;
        node.kind = kinds[below(4)];
        node.seed = random_();
        node.count = node.kind == Kind::delay ? below(20) : 1 + below(3);
        node.quota = 1 + below(8);
        if (node.kind != Kind::delay && node.kind != Kind::parallel && below(12) == 0)
            node.failing = Failing::fails;
        arm.chain.push_back(node);
    }
    NodeSpec sink;
    sink.kind = Kind::sink;
    if (below(6) == 0)
        sink.stop_after = below(20);
    arm.chain.push_back(sink);
    return arm;
}

void RandomBranches::attach(const Running& running) {
    Coming& coming = coming_.emplace_back();
    coming.arms.push_back(random_arm());
    if (below(3) == 0)
        coming.arms.push_back(random_arm());
    weir::Branch branch(running.pipeline, "b" + std::to_string(coming_.size()));
    std::vector<weir::AnyStage> joined;
    if (coming.arms.size() == 2)
        joined.emplace_back(*branch.add("turns", take_turns)["in0"].ref.pipeline, 0);
    for (std::size_t number = 0; number < coming.arms.size(); ++number) {
        Arm& arm = coming.arms[number];
        weir::detail::NamedPort from = running.stages[arm.node][output_name(spec_.nodes[arm.node].kind, arm.port)];
        for (std::size_t i = 0; i < arm.chain.size(); ++i) {
            const NodeSpec& node = arm.chain[i];
            const weir::LinkOptions options{.capacity = 1 + below(4)};
            coming.cut = coming.cut || node.failing != Failing::never || node.stop_after != SIZE_MAX;
            if (node.kind == Kind::sink && !joined.empty()) {
                branch.connect(from, joined.front()["in" + std::to_string(number)], options);
                from = joined.front()["out" + std::to_string(number)];
                coming.cut = true;
            }
            const std::string name = "a" + std::to_string(number) + std::to_string(i);
            const weir::AnyStage stage = add_node(branch, name, node, arm.recorded);
            branch.connect(from, stage["in"], options);
            from = stage["out"];
        }
    }
    try {
        coming.attached = running.pipeline.attach(std::move(branch));
    } catch (const std::exception& error) {
        // The graph may have ended, wholly or where the branch would read.
        const std::string what = error.what();
        if (what.find("ended") == std::string::npos && what.find("not running") == std::string::npos &&
            what.find("cancelled") == std::string::npos && what.find(planned) == std::string::npos)
            coming.wrong = "attach: " + what;
    }
}

void RandomBranches::detach(const Running& running, Coming& coming) {
    const weir::Detach how = below(2) == 0 ? weir::Detach::drain : weir::Detach::discard;
    coming.cut = coming.cut || how == weir::Detach::discard;
    if (below(3) == 0) { // and wait at the end
        coming.attached.end(how);
        return;
    }
    try {
        running.pipeline.detach(coming.attached, how);
    } catch (const std::exception&) {
        return; // `check` sees
    }
}

void RandomBranches::pass_time() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(below(100));
    while (std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
}

void RandomBranches::disturb(const Running& running) {
    for (std::size_t steps = 1 + below(8); steps > 0; --steps) {
        const bool pauses = below(3) == 0;
        if (pauses)
            running.pipeline.pause();
        if (coming_.empty() || below(2) == 0)
            attach(running);
        if (pauses && below(2) == 0)
            static_cast<void>(running.pipeline.snapshot());
        if (pauses)
            running.pipeline.resume();
        if (below(2) == 0)
            pass_time();
        const auto chosen = std::next(coming_.begin(), static_cast<std::ptrdiff_t>(below(coming_.size())));
        if (chosen->attached && below(3) != 0)
            detach(running, *chosen);
    }
}

std::string RandomBranches::check(const Coming& coming) const {
    if (!coming.wrong.empty() || !coming.attached)
        return coming.wrong;
    bool cut = coming.cut;
    try {
        coming.attached.wait();
    } catch (const weir::Cancelled&) {
        cut = true;
    } catch (const weir::Error& error) {
        if (error.message() != planned)
            return std::string("a branch says: ") + error.what();
        cut = true;
    }
    const weir::Snapshot last = coming.attached.snapshot();
    for (std::size_t number = 0; number < coming.arms.size(); ++number) {
        const Arm& arm = coming.arms[number];
        std::vector<std::uint64_t> whole = outputs_[arm.node][arm.port];
        for (const NodeSpec& node : arm.chain)
            if (node.kind == Kind::rewrite)
                for (std::uint64_t& value : whole)
                    value = mix(node.seed, value);
        if (!is_stretch(arm.recorded, whole))
            return "what a branch recorded is no stretch of the output of node " + std::to_string(arm.node);
        if (!cut && last.links[number].items != arm.recorded.size())
            return "a branch was given " + std::to_string(last.links[number].items) + " items and recorded " +
                   std::to_string(arm.recorded.size());
    }
    return {};
}

std::string RandomBranches::check() const {
    for (const Coming& coming : coming_)
        if (const std::string wrong = check(coming); !wrong.empty())
            return wrong;
    return {};
}

} // namespace property
