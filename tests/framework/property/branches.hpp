#pragma once
// Branches that come to a random graph while it runs, and go again.
#include "run.hpp"

#include <list>
#include <random>
#include <string>
#include <vector>

namespace property {

/// Which, where and when follow from the graph's seed, up to what the threads do meanwhile.
class RandomBranches {
public:
    explicit RandomBranches(const GraphSpec& spec);

    /// Attaches and detaches some while the graph runs; leaves some to the end.
    void disturb(const Running& running);
    /// After the end: what was wrong with what they recorded, or nothing.
    [[nodiscard]] std::string check() const;

private:
    /// A chain of stages from one output to a sink.
    struct Arm {
        std::size_t node = 0;
        std::size_t port = 0;
        std::vector<NodeSpec> chain; ///< the last is the sink
        std::vector<std::uint64_t> recorded;
    };
    struct Coming {
        std::vector<Arm> arms; ///< of several, all end in one stage, which reads one of each in turn
        bool cut = false;      ///< it may have ended before it had recorded all that it was given
        std::string wrong;
        weir::Attachment attached;
    };
    [[nodiscard]] std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    [[nodiscard]] Arm random_arm();
    void attach(const Running& running);
    void detach(const Running& running, Coming& coming);
    void pass_time();
    [[nodiscard]] std::string check(const Coming& coming) const;

    const GraphSpec& spec_;
    Outputs outputs_;
    std::mt19937_64 random_;
    std::list<Coming> coming_;
};

} // namespace property
