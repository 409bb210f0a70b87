#include "mux_output.hpp"

#include <weir/framework/error.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace weir::detail {

OutputName MuxOutput::part_name() const {
    OutputName name = name_;
    if (number_ > 1) {
        name.path = part_path(name_.path, number_);
        name.text = part_path(name_.text, number_);
    }
    return name;
}

void MuxOutput::begin(const PartPlan& plan, const std::stop_token& stop) {
    if (part_) {
        part_->set_stop(stop);
        part_->finish();
        whole_.push_back(std::move(part_));
    }
    ++number_;
    const OutputName name = part_name();
    if (number_ > 1) {
        if (!options_.overwrite && std::filesystem::exists(name.path))
            throw std::runtime_error(fmt::format("the next part '{}' exists already (overwrite=yes replaces it)", name.path));
        in_use_.push_back(FileInUse::writing(name.path, context_.name()));
    }
    part_ = std::make_unique<FilePart>(container_, name, options_, plan, stop);
    context_.counter("parts").fetch_add(1, std::memory_order_relaxed);
}

void MuxOutput::write(const std::vector<TimedPacket>& packets, const std::stop_token& stop) {
    part_->set_stop(stop);
    const std::uint64_t moved = part_->moved();
    for (const TimedPacket& packet : packets)
        part_->write(packet);
    if (name_.endpoint())
        part_->flush();
    if (const std::uint64_t fresh = part_->moved() - moved; fresh > 0) {
        context_.counter("timestamps moved").fetch_add(fresh, std::memory_order_relaxed);
        context_.warn("times", fmt::format("{} packets' times did not increase: moved by what was needed", fresh));
    }
}

void MuxOutput::keep_partial() {
    if (part_ && part_->packets() > 0) {
        try {
            part_->finish();
        } catch (const std::exception& error) {
            context_.warn("", fmt::format("{}: it may not be playable", error.what()));
        }
        whole_.push_back(std::move(part_));
    }
    part_.reset();
    if (name_.kind != OutputName::Kind::file)
        return;
    for (const auto& part : whole_)
        context_.warn("", fmt::format("what was written until then is kept as '{}'", part->keep_partial()));
}

void MuxOutput::finish(const std::stop_token& stop) {
    part_->set_stop(stop);
    part_->finish();
}

/// What was given cannot be taken back: it is only said what it was. Without a trailer, and half a packet at its end.
void MuxOutput::end_bytes(EndReason reason) {
    const bool well = reason == EndReason::finished || reason == EndReason::drained;
    if (well && !complete_)
        reason = EndReason::cancelled; // the application wanted no more
    else if (well)
        try {
            part_->finish();
        } catch (...) {
            name_.bytes->end(EndReason::failed);
            throw;
        }
    name_.bytes->end(reason);
}

void MuxOutput::end(EndReason reason) {
    struct Clear {
        MuxOutput& output;
        ~Clear() {
            output.part_.reset(); // what is neither named nor kept goes
            output.whole_.clear();
        }
    } const clear{*this};
    if (name_.bytes) {
        end_bytes(reason);
        return;
    }
    if (reason == EndReason::cancelled)
        return;
    if (reason == EndReason::failed || !complete_) {
        keep_partial();
        return;
    }
    if (part_) {
        try {
            part_->finish();
        } catch (...) {
            keep_partial();
            throw;
        }
        whole_.push_back(std::move(part_));
    }
    std::size_t named = 0;
    try {
        for (; named < whole_.size(); ++named)
            whole_[named]->commit();
    } catch (...) {
        whole_.erase(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(named));
        keep_partial();
        throw;
    }
}

} // namespace weir::detail
