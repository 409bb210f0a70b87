#pragma once
// What a pipeline and its branches share: who is there, and the lock under which that changes.
#include <weir/framework/media_clock.hpp>
#include <weir/pools/detail/intrusive_list.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weir {
class Quota;
}

namespace weir::detail {

class PipelineImpl;
class StageCore;

/// What the stall rule's searches work in, kept from one to the next: pipelines rest on their quotas all the time.
struct StallMemory {
    /// For so many stages and links. Throws std::bad_alloc.
    void reserve(std::size_t stages, std::size_t links) {
        members.reserve(stages);
        by_holder.reserve(stages + links);
    }
    struct Member {
        StageCore* core = nullptr;
        std::uint64_t activations = 0;
        std::uintptr_t why = 0; ///< Reason::word
        bool stuck = true;      ///< as far as is known
    };
    std::vector<Member> members;
    std::vector<std::pair<std::uint64_t, const StageCore*>> by_holder; ///< sorted; null: one that is gone
    std::vector<std::pair<const Quota*, std::uint64_t>> held;          ///< sorted: the holder of each frame that counts
};

/// Outlives them all. Whoever looks across stages (the stall rule, reports) holds the mutex, so that no link or branch goes
/// meanwhile. It comes before every other lock of the framework but the engine's list of pipelines.
struct Topology {
    Topology() { graphs.reserve(1); } // so that a start need not
    Mutex mutex;
    /// Not 0: the number of a seek that is under way. Cores bring themselves to rest, as they were before their first step, and
    /// stay there until it is 0 again. Changed under the mutex; cores look without it (seq_cst, set before they are told).
    std::atomic<std::uint64_t> seek{0};
    /// Sinks of a paused pipeline take a few items; all other stages run meanwhile.
    std::atomic<bool> stepping{false};
    Condition settled; ///< a core has come to rest for one of the two, or has ended
    /// The pipeline first, once it has started, then its branches from before their first link is made to after their end.
    std::vector<PipelineImpl*> graphs WEIR_GUARDED_BY(mutex);

    MediaClock media_clock;

    // The stall rule's.
    struct Warned {
        std::int64_t last = 0;
        std::uint64_t held_back = 0;
    };
    std::map<std::string, Warned, std::less<>> warned WEIR_GUARDED_BY(mutex); ///< when each bound was warned about
    /// Stages and links of branches that are gone: a frame's note may still name one, though a stage of the pipeline has it.
    /// By branch; those that no frame names are forgotten in time.
    std::list<std::vector<std::uint64_t>> departed WEIR_GUARDED_BY(mutex);
    StallMemory stall_memory WEIR_GUARDED_BY(mutex);
};

/// A change of the links of a running output. It is made under the topology's mutex, in the output's core between two waits or,
/// when that is done with its links, by whoever asks for it.
class TopologyEdit : public ListNode {
public:
    /// `ended`: the output's stage is done with its links.
    virtual void make(bool ended) noexcept = 0;

protected:
    TopologyEdit() = default;
    ~TopologyEdit() = default;
};

} // namespace weir::detail
