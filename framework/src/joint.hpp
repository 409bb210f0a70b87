#pragma once
// Where a branch is joined to an output of its pipeline.
#include "pipeline_impl.hpp"
#include "topology.hpp"

#include <exception>
#include <memory>

namespace weir::detail {

/// One link from an output of a running pipeline into a branch: made once, and taken away once. All of it under the topology's
/// mutex but for what says otherwise.
class Joint {
public:
    /// `before`: so many connections of the branch were asked for earlier.
    Joint(PipelineImpl& branch, const PortRef& from, const PortRef& to, const LinkOptions& options, std::size_t before);
    Joint(const Joint&) = delete;
    Joint& operator=(const Joint&) = delete;
    ~Joint();

    // What was asked for; the link once the branch is prepared. They do not change then: no lock.
    [[nodiscard]] const PortRef& from() const noexcept { return from_; }
    [[nodiscard]] const PortRef& to() const noexcept { return to_; }
    [[nodiscard]] const LinkOptions& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t before() const noexcept { return before_; }
    [[nodiscard]] bool resolved() const noexcept { return link_ != nullptr; }
    [[nodiscard]] LinkBase& link() const noexcept { return *link_; }
    void set_link(std::unique_ptr<LinkBase> link) noexcept { link_ = std::move(link); }

    /// Asks the producer's core to make the link. Once.
    void ask_to_join() noexcept;
    /// Asks it to take the link away. When that is done the branch is counted down, and may be gone.
    void ask_to_part() noexcept;

    [[nodiscard]] bool live() const noexcept { return state_ == State::live; } ///< under the topology's mutex
    [[nodiscard]] bool stays() const noexcept { return live() && !asked_to_part_; }
    [[nodiscard]] bool came_too_late() const noexcept { return came_too_late_; }      ///< the output had ended
    [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; } ///< why it was not made

private:
    enum class State : std::uint8_t { joining, live, parted };
    struct Join final : TopologyEdit {
        explicit Join(Joint& of) noexcept : joint(of) {}
        void make(bool ended) noexcept override { joint.join(ended); }
        Joint& joint;
    };
    struct Part final : TopologyEdit {
        explicit Part(Joint& of) noexcept : joint(of) {}
        void make(bool) noexcept override { joint.part(); }
        Joint& joint;
    };
    [[nodiscard]] StageCore& producer() const noexcept;
    void join(bool ended) noexcept;
    void part() noexcept;
    void end_stream() noexcept;

    PipelineImpl& branch_;
    PortRef from_;
    PortRef to_;
    LinkOptions options_;
    std::size_t before_;
    std::unique_ptr<LinkBase> link_;
    State state_ = State::joining;
    bool asked_to_part_ = false;
    bool came_too_late_ = false;
    std::exception_ptr error_;
    Join join_{*this};
    Part part_{*this};
};

} // namespace weir::detail
