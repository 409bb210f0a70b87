#pragma once
// Ports and links without their item type: what the pipeline wires and watches.
#include <weir/framework/detail/pool_demand.hpp>
#include <weir/framework/detail/stage_base.hpp>
#include <weir/framework/gap.hpp>
#include <weir/framework/link_options.hpp>
#include <weir/pools/detail/mutex.hpp>
#include <weir/pools/packet.hpp>
#include <weir/pools/quota.hpp>
#include <weir/pools/shared_pool.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace weir {
class Clock;
class PoolRegistry;
} // namespace weir

namespace weir::detail {

class InputBase;
class Latency;
class OutputBase;
class LinkBase;
struct InputNode; // the TBB nodes, in src/
class OutputNode;

/// The type a port carries, comparable at run time.
struct ItemType {
    const std::type_info* type = nullptr;
    std::string (*name)() = nullptr;
    friend bool operator==(const ItemType& a, const ItemType& b) noexcept { return *a.type == *b.type; }
};

class PortBase {
public:
    PortBase(const PortBase&) = delete;
    PortBase& operator=(const PortBase&) = delete;
    virtual ~PortBase() = default;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] StageBase& stage() const noexcept { return *stage_; }
    [[nodiscard]] std::string full_name() const; ///< "stage.port"
    [[nodiscard]] const ItemType& type() const noexcept { return type_; }
    /// The core that runs the stage, set once when the pipeline starts.
    void bind(StageBase& stage) noexcept { stage_ = &stage; }

protected:
    PortBase(std::string name, ItemType type) : name_(std::move(name)), type_(type) {}

private:
    std::string name_;
    ItemType type_;
    StageBase* stage_ = nullptr;
};

/// What travels through a TBB edge: it points to the items, one for each link of the port, which the input's node takes
/// over while the put is under way.
struct Token {
    enum class Kind : std::uint8_t { item, gap, end };
    void* const* items = nullptr; ///< by `LinkBase::index`
    const Gap* gap = nullptr;
    Kind kind = Kind::item;
};

/// One link: a bounded mailbox with the reasons why its ends wait. The producer's core stores, the consumer's core takes;
/// anybody may look at the figures.
class LinkBase {
public:
    /// `options.capacity` is not 0.
    LinkBase(OutputBase& from, InputBase& to, const LinkOptions& options);
    LinkBase(const LinkBase&) = delete;
    LinkBase& operator=(const LinkBase&) = delete;
    virtual ~LinkBase();

    [[nodiscard]] OutputBase& from() const noexcept { return from_; }
    [[nodiscard]] InputBase& to() const noexcept { return to_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; } ///< "a.out->b.in"
    void set_name(std::string name) {
        holder_ = Holder("link " + name);
        name_ = std::move(name);
    }
    /// What is noted as this link's is in it or in its reader's hand: one note a hop.
    [[nodiscard]] HolderId holder() const noexcept { return holder_.id(); }
    /// Who takes from it, so that the ledger can tell the two apart; none when the link is about to go.
    void set_reader(HolderId reader) noexcept;

    /// Entries inside, gaps included.
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;
    /// Makes sure the next gap can be stored. The producer's. Throws std::bad_alloc.
    virtual void reserve() = 0;
    /// Stores what the token brings for this link and tells the consumer, perhaps not before `settle_puts`. Called by the
    /// input's node.
    virtual void accept(const Token& token) noexcept = 0;
    /// Frees and counts what is inside, also what the consumer had in hand: when neither end runs, or the link is closed.
    virtual void discard() noexcept = 0;
    /// The same, and it is as it was at first, but for its figures and what the stall rule has added.
    virtual void begin_anew() noexcept;

    /// A put need not wait: there is room for one more, or it drops, or nobody reads it any more. The producer's.
    [[nodiscard]] bool has_room() const noexcept { return drops() || closed() || fits(size()); }
    [[nodiscard]] bool full() const noexcept { return !has_room(); }
    [[nodiscard]] bool drops() const noexcept { return when_full_ != WhenFull::wait; }
    [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_seq_cst); } ///< by the consumer
    [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_seq_cst); }   ///< by the producer

    /// The consumer reads no more: what is inside and what still comes is discarded and counted.
    void close() noexcept;
    /// The stall rule's: room for one more, for good.
    void grow() noexcept;

    // Who waits for whom. Set (seq_cst) by the one who is about to wait, before its last look; cleared with the signal.
    std::atomic<bool> consumer_waits{false};
    std::atomic<bool> producer_waits{false};
    void tell_consumer() noexcept;
    /// The producer's: tells a consumer that is seen to wait. It may miss one that has only begun to, or a close.
    void tell_consumer_soon() noexcept {
        unsettled_ = true;
        if (consumer_waits.load(std::memory_order_relaxed))
            tell_consumer();
    }
    /// The same without missing anybody: before the producer rests.
    void settle_puts() noexcept {
        if (std::exchange(unsettled_, false))
            settle_puts_now();
    }
    /// The consumer's: tells a waiting producer that there is room, once half of the link is free, so that the two do not
    /// alternate item by item. It may miss one that has only begun to wait.
    void tell_producer() noexcept {
        if (producer_waits.load(std::memory_order_relaxed) && size() <= capacity() / 2)
            tell_producer_now();
    }
    /// The same whatever is free, and without missing one: before the consumer rests.
    void settle() noexcept {
        settle_queue();
        // Pairs with OutputBase::wait_for_room: it sets the mark and then looks at the size; we took and then look at the mark.
        if (producer_waits.load(std::memory_order_seq_cst))
            tell_producer_now();
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t passed() const noexcept { return passed_.load(std::memory_order_relaxed); }
    /// Items that were dropped because it was full; they are among those that `passed`.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t discarded() const noexcept { return discarded_.load(std::memory_order_relaxed); }

    void set_capacity(std::size_t items) noexcept { capacity_.store(items, std::memory_order_relaxed); }
    /// The latest time that went through, seconds; NaN before.
    [[nodiscard]] double media_time() const noexcept;

    /// Its items end here: measures how long they took. Throws std::bad_alloc.
    void measure_latency(Clock& clock);
    [[nodiscard]] const Latency* latency() const noexcept { return latency_.get(); }

    std::size_t index = 0; ///< among the links of its output

protected:
    /// One more beside so many.
    [[nodiscard]] bool fits(std::size_t size) const noexcept {
        return size < capacity_.load(std::memory_order_relaxed) &&
               (!measures_ || size < least_.load(std::memory_order_relaxed) || measure_fits());
    }
    void note_stored(std::size_t size) noexcept {
        // only the producer writes these
        passed_.store(passed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        if (size > peak_.load(std::memory_order_relaxed))
            peak_.store(size, std::memory_order_relaxed);
    }

    virtual void settle_queue() noexcept = 0;
    virtual void settle_puts_now() noexcept = 0;
    void tell_producer_now() noexcept;
    void note_dropped(std::size_t items) noexcept {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + items, std::memory_order_relaxed); // the producer's
    }
    /// The producer's: the time of an item that goes through.
    void note_time(std::int64_t pts, Rational base) noexcept {
        if (pts == no_time)
            return;
        last_pts_.store(pts, std::memory_order_relaxed);
        last_base_.store(base, std::memory_order_relaxed);
    }

    /// Of an item that ends here, and when it entered.
    void note_latency(std::int64_t entered, std::int64_t pts, Rational base) noexcept;

    // For links that are bounded by bytes or time (`measures_`).
    void measure_time_in(std::int64_t pts, Rational base) noexcept;
    void measure_time_out(std::int64_t pts, Rational base) noexcept;
    [[nodiscard]] bool measure_fits() const noexcept;

    std::unique_ptr<Latency> latency_;
    std::atomic<std::size_t> capacity_;
    std::atomic<std::size_t> least_{1}; ///< so many fit whatever their bytes and time: an empty link takes any item
    const std::size_t max_bytes_;
    const std::int64_t max_time_; ///< nanoseconds of media
    const WhenFull when_full_;
    const bool measures_;
    std::atomic<std::int64_t> last_pts_{no_time};
    std::atomic<Rational> last_base_{Rational{0, 1}};
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::int64_t> time_in_{no_time};  ///< nanoseconds: of the last item put; the producer's
    std::atomic<std::int64_t> time_out_{no_time}; ///< of the last one taken, at first of the first one put
    std::atomic<std::size_t> peak_{0};
    std::atomic<std::uint64_t> passed_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint64_t> overflows_{0};
    std::atomic<std::uint64_t> discarded_{0};
    std::atomic<bool> closed_{false};
    std::atomic<bool> ended_{false};
    bool unsettled_ = false; ///< the producer's: it has put something and may have missed a consumer that waits
    Mutex close_mutex_;      ///< who empties the mailbox of a closed link: its late producer or its leaving consumer

private:
    OutputBase& from_;
    InputBase& to_;
    std::string name_;
    Holder holder_;
};

class InputBase : public PortBase {
public:
    InputBase(std::string name, ItemType type);
    ~InputBase() override;

    [[nodiscard]] LinkBase* link() const noexcept { return link_; }
    [[nodiscard]] InputNode& node() const noexcept { return *node_; }
    /// Makes the typed link that feeds this input.
    [[nodiscard]] virtual std::unique_ptr<LinkBase> make_link(OutputBase& from, const LinkOptions& options) = 0;
    void attach(LinkBase& link) noexcept { link_ = &link; }
    /// Passes a gap on to the outputs of the stage, if it does that.
    void forward_gap(const Gap& gap) noexcept;

    std::atomic<bool> awaited{false}; ///< the stage waits for this one (perhaps among others)
    bool forwards_gaps = true;
    std::vector<OutputBase*> gap_targets;
    std::unique_ptr<InputNode> node_;

private:
    LinkBase* link_ = nullptr;
};

/// Notes the last format it was asked for, so that a change is one comparison.
class OutputBase : public PortBase {
public:
    OutputBase(std::string name, ItemType type);
    ~OutputBase() override;

    /// Those of the stage's pipeline, then those to branches. For the stage's core, or under the topology's mutex, under which
    /// alone they change.
    [[nodiscard]] const std::vector<LinkBase*>& links() const noexcept { return links_; }
    /// Those of the stage's pipeline: they do not change while it runs.
    [[nodiscard]] const std::vector<LinkBase*>& lasting_links() const noexcept { return lasting_links_; }
    /// There are others. Relaxed: who sees it late sees the graph as it was a moment ago.
    [[nodiscard]] bool has_branches() const noexcept { return has_branches_.load(std::memory_order_relaxed); }
    /// Nobody in its pipeline is connected: what nobody else takes is discarded here.
    [[nodiscard]] bool discards_at_source() const noexcept { return lasting_links_.empty(); }
    [[nodiscard]] const std::shared_ptr<Quota>& quota() const noexcept { return quota_; }
    [[nodiscard]] std::size_t default_capacity() const noexcept { return default_capacity_; }
    /// Adds a link. Throws std::invalid_argument if it cannot have one more, std::bad_alloc.
    virtual void attach(LinkBase& link);
    /// From here on, links come from branches. Throws std::bad_alloc.
    void fix_links() { lasting_links_ = links_; }
    /// It was made while its stage runs: all its links will come from branches.
    void make_added() noexcept { added_ = true; }
    [[nodiscard]] bool added() const noexcept { return added_; }
    /// To and from a branch: the link and its edge. In the stage's core or, when that has ended, anywhere; under the topology's
    /// mutex. `add_branch` throws as `attach` does, and has done nothing then.
    void add_branch(LinkBase& link);
    void remove_branch(LinkBase& link) noexcept;
    /// Its stage is a source: items enter the pipeline here, at that clock's time.
    void enter_by(Clock& clock) noexcept { entry_clock_ = &clock; }
    void use_registry(PoolRegistry& registry) noexcept { registry_ = &registry; }
    [[nodiscard]] PoolRegistry& registry() const noexcept { return *registry_; }

    [[nodiscard]] bool open() const noexcept;     ///< somebody still reads it
    [[nodiscard]] bool has_room() const noexcept; ///< every open link has
    void wait_for_room(bool waiting) noexcept;    ///< marks the links
    /// Sends a token through the TBB node.
    void send(const Token& token) noexcept;
    void end() noexcept; ///< end of stream on all links
    void put_gap(const Gap& gap) noexcept;

    /// From the pool of that format; the quota is already taken and stays so if this throws. At the budget it throws, or, with
    /// a waiter, is empty and that one in line.
    [[nodiscard]] PooledFrame frame(const VideoFormat& format, BufferRequirements requirements, Waiter* at_budget);
    [[nodiscard]] PooledSamples samples(const AudioFormat& format, std::uint32_t count, Waiter* at_budget);
    [[nodiscard]] BasicFramePool& frame_pool(const VideoFormat& format, BufferRequirements requirements);
    [[nodiscard]] BasicSamplePool& sample_pool(const AudioFormat& format, std::uint32_t count);
    /// The stall rule's.
    void grow_quota() noexcept;
    void set_quota(std::size_t limit) noexcept;
    /// The same after an edit of the graph: if it is what was set last, what the stall rule has added stays.
    void change_quota(std::size_t limit) noexcept {
        if (limit != set_quota_)
            set_quota(limit);
    }
    void leave_pools() noexcept;

    struct Room final : Waiter {
        OutputBase* port = nullptr;
        void notify() noexcept override { port->stage().signal(); }
    };
    Room quota_waiter;

    /// What the stage knows of packets this port will send, for those who are opened after it.
    std::shared_ptr<const PacketFormat> packet_format;
    std::unique_ptr<OutputNode> node_;

protected:
    std::vector<LinkBase*> links_;
    std::vector<LinkBase*> lasting_links_;
    std::atomic<bool> has_branches_{false};
    std::vector<void*> items_; ///< of the token under way, by link
    std::size_t default_capacity_ = 8;
    bool added_ = false;
    [[nodiscard]] std::int64_t entry_now() const noexcept;
    Clock* entry_clock_ = nullptr; ///< a source's

private:
    std::shared_ptr<Quota> quota_;
    std::size_t set_quota_ = 0;
    PoolRegistry* registry_ = nullptr;
    CurrentPool<BasicFramePool> frames_;
    VideoFormat frames_format_;
    BufferRequirements frames_requirements_;
    CurrentPool<BasicSamplePool> samples_;
};

} // namespace weir::detail
