#include "run.hpp"

#include <weir/framework/pipeline.hpp>

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>

namespace property {
namespace {

using weir::Input;
using weir::Output;
using weir::PooledFrame;
using weir::Process;

std::uint64_t value_of(const PooledFrame& frame) {
    std::uint64_t value = 0;
    std::memcpy(&value, frame.plane(0).data, sizeof value);
    return value;
}

void set_value(PooledFrame& frame, std::uint64_t value) { std::memcpy(frame.writable_plane(0).data, &value, sizeof value); }

/// The format changes with the value: several pools are in use, and switched between.
weir::VideoFormat format_for(std::uint64_t value) {
    return {16 + 16 * static_cast<std::uint32_t>(value % 3), 4, weir::PixelFormat::gray8};
}

/// Throws or reports if the node cannot take the value; true if it is to be left out.
bool refuse(const NodeSpec& node, std::uint64_t value) {
    if (!fails(node, value))
        return false;
    try {
        throw std::runtime_error(planned);
    } catch (...) {
        if (node.failing != Failing::skips)
            throw;
        weir::this_stage().report(std::current_exception());
    }
    return true;
}

weir::StageOptions options_of(const NodeSpec& node) {
    weir::StageOptions options{.quota = node.quota};
    switch (node.failing) {
    case Failing::never:
    case Failing::fails: break;
    case Failing::skips: options.on_error = weir::ErrorPolicy::skip(); break;
    case Failing::restarts: options.on_error = weir::ErrorPolicy::restart(1'000'000, std::chrono::nanoseconds(0)); break;
    case Failing::detaches: options.on_error = weir::ErrorPolicy::detach(); break;
    }
    return options;
}

/// The same for a function: the shape sees to the policy.
void refuse_in_a_call(const NodeSpec& node, std::uint64_t value) {
    if (fails(node, value))
        throw std::runtime_error(planned);
}

weir::Task<bool> put_new(Output<PooledFrame> out, std::uint64_t value) {
    PooledFrame frame = co_await out.acquire(format_for(value));
    set_value(frame, value);
    const bool open = co_await out.put(std::move(frame));
    co_return open;
}

/// How many a source has made, which stays when it is made anew.
using Made = std::shared_ptr<std::size_t>;
/// How many items a node has read: counted by its body and not by what is tested.
using Reads = std::shared_ptr<std::atomic<std::uint64_t>>;

/// A value that was read.
std::uint64_t read_value(const PooledFrame& frame, const Reads& reads) {
    reads->fetch_add(1, std::memory_order_relaxed);
    return value_of(frame);
}

Process source(Output<PooledFrame> out, NodeSpec node, Made made) {
    while (*made < node.count && *made < node.stop_after) {
        const std::uint64_t value = mix(node.seed, (*made)++);
        if (refuse(node, value))
            continue;
        if (!co_await put_new(out, value))
            co_return;
    }
}

/// The same as a function, whose frames are in no quota.
std::optional<PooledFrame> make_next(const NodeSpec& node, std::size_t& made) {
    if (made == node.count || made == node.stop_after)
        return std::nullopt;
    const std::uint64_t value = mix(node.seed, made++);
    refuse_in_a_call(node, value);
    PooledFrame frame = weir::this_stage().registry().frames(format_for(value)).acquire_or_spill();
    set_value(frame, value);
    return frame;
}

/// A call of `parallel`: takes as long as the value says.
PooledFrame take_time(const NodeSpec& node, const Reads& reads, PooledFrame frame) {
    const std::uint64_t value = read_value(frame, reads);
    std::uint64_t work = value;
    for (std::uint64_t i = 0; i < value % 512; ++i)
        work = mix(work, i);
    if (work == 0 || fails(node, value))
        throw std::runtime_error(planned);
    return frame;
}

Process one_to_many(Input<PooledFrame> in, Output<PooledFrame> out, NodeSpec node, Reads reads) {
    for (std::size_t read = 0; read < node.stop_after; ++read) {
        auto frame = co_await in.next();
        if (!frame)
            co_return;
        const std::uint64_t value = read_value(*frame, reads);
        if (refuse(node, value))
            continue;
        bool open = true;
        if (node.kind == Kind::forward) {
            open = co_await out.put(std::move(*frame));
        } else if (node.kind == Kind::rewrite) {
            PooledFrame mine = co_await out.writable(std::move(*frame));
            set_value(mine, mix(node.seed, value));
            open = co_await out.put(std::move(mine));
        } else if (node.kind == Kind::transform) {
            frame.reset();
            open = co_await put_new(out, mix(node.seed, value));
        } else {
            for (std::uint64_t k = 0; k < value % 4 && open; ++k)
                open = co_await put_new(out, mix(node.seed + k, value));
        }
        if (!open)
            co_return;
    }
}

Process delay(Input<PooledFrame> in, Output<PooledFrame> out, NodeSpec node, Reads reads) {
    std::deque<PooledFrame> held;
    for (std::size_t read = 0; read < node.stop_after; ++read) {
        auto frame = co_await in.next();
        if (!frame)
            break;
        if (refuse(node, read_value(*frame, reads)))
            continue;
        held.push_back(std::move(*frame));
        if (held.size() > node.count) {
            const bool open = co_await out.put(std::move(held.front()));
            held.pop_front();
            if (!open)
                co_return;
        }
    }
    for (; !held.empty(); held.pop_front()) {
        const bool open = co_await out.put(std::move(held.front()));
        if (!open)
            co_return;
    }
}

Process split(Input<PooledFrame> in, Output<PooledFrame> odd, Output<PooledFrame> even, NodeSpec node, Reads reads) {
    bool odd_open = true;
    bool even_open = true;
    // One reader that leaves must not end what the other gets.
    for (std::size_t read = 0; read < node.stop_after && (odd_open || even_open); ++read) {
        auto frame = co_await in.next();
        if (!frame)
            co_return;
        if (refuse(node, read_value(*frame, reads)))
            continue;
        if (value_of(*frame) % 2)
            odd_open = co_await odd.put(std::move(*frame));
        else
            even_open = co_await even.put(std::move(*frame));
    }
}

Process zip(Input<PooledFrame> a, Input<PooledFrame> b, Output<PooledFrame> out, NodeSpec node, Reads reads) {
    for (std::size_t read = 0; read < node.stop_after; ++read) {
        auto first = co_await a.next();
        const std::uint64_t one = first ? read_value(*first, reads) : 0;
        auto second = co_await b.next();
        const std::uint64_t other = second ? read_value(*second, reads) : 0;
        if (!first || !second)
            co_return;
        const std::uint64_t value = mix(one, other);
        if (refuse(node, value))
            continue;
        const bool open = co_await put_new(out, value);
        if (!open)
            co_return;
    }
}

Process merge(Input<PooledFrame> a, Input<PooledFrame> b, Output<PooledFrame> out, NodeSpec node, Reads reads) {
    bool a_open = true;
    bool b_open = true;
    std::size_t read = 0;
    while ((a_open || b_open) && read < node.stop_after) {
        for (std::size_t k = 0; k < node.count && a_open && read < node.stop_after; ++k) {
            auto frame = co_await a.next();
            a_open = frame.has_value();
            if (!frame)
                break;
            ++read;
            if (refuse(node, read_value(*frame, reads)))
                continue;
            const bool open = co_await out.put(std::move(*frame));
            if (!open)
                co_return;
        }
        if (b_open && read < node.stop_after) {
            auto frame = co_await b.next();
            b_open = frame.has_value();
            if (frame) {
                ++read;
                if (refuse(node, read_value(*frame, reads)))
                    continue;
                const bool open = co_await out.put(std::move(*frame));
                if (!open)
                    co_return;
            }
        }
    }
}

Process sink(Input<PooledFrame> in, std::vector<std::uint64_t>* results, NodeSpec node, Reads reads) {
    while (results->size() < node.stop_after) {
        auto frame = co_await in.next();
        if (!frame)
            co_return;
        if (!refuse(node, read_value(*frame, reads)))
            results->push_back(value_of(*frame));
    }
}

template <class Graph>
weir::AnyStage add(Graph& graph, std::string name, const NodeSpec& node, std::vector<std::uint64_t>& recorded,
                   const Reads& reads) {
    weir::StageTraits traits;
    traits.blocking = node.blocking;
    traits.stateless = node.stateless;
    const weir::AnyStage stage = [&]() -> weir::AnyStage {
        switch (node.kind) {
        case Kind::source: {
            const auto made = std::make_shared<std::size_t>(0);
            if (!node.shape)
                return graph.add(name, traits, source, node, made);
            return graph.add(name, traits, weir::source([node, made] { return make_next(node, *made); }));
        }
        case Kind::forward:
            if (node.shape)
                return graph.add(name, traits, weir::map([node, reads](PooledFrame frame) {
                                     refuse_in_a_call(node, read_value(frame, reads));
                                     return frame;
                                 }));
            [[fallthrough]];
        case Kind::transform:
        case Kind::rewrite:
        case Kind::expand: return graph.add(name, traits, one_to_many, node, reads);
        case Kind::filter:
            return graph.add(name, traits, weir::filter([node, reads](const PooledFrame& frame) {
                                 refuse_in_a_call(node, read_value(frame, reads));
                                 return passes(node, value_of(frame));
                             }));
        case Kind::delay: return graph.add(name, traits, delay, node, reads);
        case Kind::split: return graph.add(name, traits, split, node, reads);
        case Kind::zip: return graph.add(name, traits, zip, node, reads);
        case Kind::merge: return graph.add(name, traits, merge, node, reads);
        case Kind::parallel:
            return graph.add(name, traits, weir::parallel(node.count, [node, reads](PooledFrame frame) {
                                 return take_time(node, reads, std::move(frame));
                             }));
        case Kind::sink: break;
        }
        if (node.shape)
            return graph.add(name, traits, weir::sink([node, reads, &recorded](PooledFrame frame) {
                                 refuse_in_a_call(node, read_value(frame, reads));
                                 recorded.push_back(value_of(frame));
                             }));
        return graph.add(name, traits, sink, &recorded, node, reads);
    }();
    graph.set(stage, options_of(node));
    return stage;
}

weir::WhenFull when_full(const LinkSpec& link) {
    if (!link.drops)
        return weir::WhenFull::wait;
    return link.newest ? weir::WhenFull::drop_newest : weir::WhenFull::drop_oldest;
}

/// What was put into a stage's links is what it read, what was dropped, and what was discarded, however the run ended.
void check_counts(const GraphSpec& spec, const std::vector<Reads>& reads, const weir::Snapshot& snapshot) {
    std::vector<std::uint64_t> left(spec.nodes.size());
    for (std::size_t i = 0; i < spec.links.size(); ++i) {
        const weir::LinkSnapshot& link = snapshot.links[i];
        left[spec.links[i].to] += link.items - link.drops - link.discards;
        if (link.drops > 0 && !spec.links[i].drops)
            throw std::logic_error("a link dropped that does not drop");
    }
    for (std::size_t i = 0; i < spec.nodes.size(); ++i)
        if (left[i] != reads[i]->load())
            throw std::logic_error("items were lost or counted twice: " + std::to_string(left[i]) + " came to node " +
                                   std::to_string(i) + ", which read " + std::to_string(reads[i]->load()));
}

} // namespace

std::string output_name(Kind kind, std::size_t port) { return outputs_of(kind) == 1 ? "out" : "out" + std::to_string(port); }
std::string input_name(Kind kind, std::size_t port) { return inputs_of(kind) == 1 ? "in" : "in" + std::to_string(port); }

weir::AnyStage add_node(weir::Branch& branch, std::string name, const NodeSpec& node, std::vector<std::uint64_t>& recorded) {
    return add(branch, std::move(name), node, recorded, std::make_shared<std::atomic<std::uint64_t>>(0));
}

void run(const GraphSpec& spec, weir::Engine& engine, Results& results, const std::function<void(const Running&)>& disturb) {
    weir::Pipeline pipeline(engine, "property");
    std::vector<weir::AnyStage> stages;
    std::vector<Reads> reads;
    for (std::size_t i = 0; i < spec.nodes.size(); ++i) {
        reads.push_back(std::make_shared<std::atomic<std::uint64_t>>(0));
        stages.push_back(add(pipeline, "n" + std::to_string(i), spec.nodes[i], results[i], reads.back()));
    }
    for (const LinkSpec& link : spec.links) {
        const std::string from = output_name(spec.nodes[link.from].kind, link.from_port);
        const std::string to = input_name(spec.nodes[link.to].kind, link.to_port);
        pipeline.connect(stages[link.from][from], stages[link.to][to],
                         {.capacity = link.capacity, .when_full = when_full(link)});
    }
    pipeline.start();
    if (disturb)
        disturb({pipeline, stages});
    std::exception_ptr error;
    try {
        pipeline.wait();
    } catch (...) {
        error = std::current_exception();
    }
    check_counts(spec, reads, pipeline.snapshot());
    if (error)
        std::rethrow_exception(error);
}

} // namespace property
