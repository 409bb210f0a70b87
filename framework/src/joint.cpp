#include "joint.hpp"

#include <utility>

namespace weir::detail {

Joint::Joint(PipelineImpl& branch, const PortRef& from, const PortRef& to, const LinkOptions& options, std::size_t before)
    : branch_(branch), from_(from), to_(to), options_(options), before_(before) {}

Joint::~Joint() = default;

StageCore& Joint::producer() const noexcept { return *branch_.parent()->stages()[from_.stage].core; }

void Joint::ask_to_join() noexcept { producer().request(join_); }

void Joint::ask_to_part() noexcept {
    if (!std::exchange(asked_to_part_, true))
        producer().request(part_);
}

void Joint::join(bool ended) noexcept {
    // One that was asked to part meanwhile has nothing to join: edits are made in the order in which they are asked for.
    if (state_ == State::joining && ended) {
        came_too_late_ = true;
        end_stream();
    } else if (state_ == State::joining) {
        try {
            link_->from().add_branch(*link_);
            state_ = State::live;
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    branch_.joint_settled();
}

void Joint::part() noexcept {
    if (state_ == State::live) {
        link_->from().remove_branch(*link_);
        end_stream();
    }
    state_ = State::parted;
    branch_.joint_parted();
}

/// The end is a promise that this was all: who is cut short makes none, as in StageCore::close_ports.
void Joint::end_stream() noexcept {
    if (!link_->ended() && !branch_.stopping() && !branch_.parent()->stopping())
        link_->accept({nullptr, nullptr, Token::Kind::end});
}

} // namespace weir::detail
