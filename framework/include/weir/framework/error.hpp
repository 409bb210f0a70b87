#pragma once
// What pipelines throw.
#include <weir/pools/rational.hpp>

#include <exception>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir {

/// A running pipeline failed: which stage, where in the stream, why. The first error is the cause; what failed after it
/// is attached.
class Error : public std::runtime_error {
public:
    Error(std::string stage, std::string port, std::string message, std::exception_ptr cause = nullptr);

    [[nodiscard]] const std::string& stage() const noexcept { return stage_; }
    [[nodiscard]] const std::string& port() const noexcept { return port_; }       ///< empty where none is to blame
    [[nodiscard]] const std::string& message() const noexcept { return message_; } ///< without stage and port
    [[nodiscard]] std::exception_ptr cause() const noexcept { return cause_; }     ///< the original exception, if any
    /// Where in the stream, seconds: the latest time that had come to the stage's inputs, or had left a source. NaN if none
    /// had, or no stage that runs is to blame.
    [[nodiscard]] double media_time() const noexcept { return media_time_; }
    void note_media_time(double seconds) noexcept { media_time_ = seconds; }
    [[nodiscard]] const std::vector<Error>& others() const noexcept { return others_; }
    void attach(Error other) { others_.push_back(std::move(other)); }

private:
    std::string stage_;
    std::string port_;
    std::string message_;
    std::exception_ptr cause_;
    double media_time_ = std::numeric_limits<double>::quiet_NaN();
    std::vector<Error> others_;
};

/// The pipeline's own bounds, grown as far as they go, cannot help: its stages wait for each other. The text has the cycle.
class Deadlock : public Error {
public:
    using Error::Error;
    explicit Deadlock(Error error) : Error(std::move(error)) {}
};

/// The graph is wrong and was refused before anything ran: an unconnected input, types that do not fit, a port that does
/// not exist, a wrong option.
struct GraphError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A call that waits was made from a stage's body or a callback, where it could never end.
struct WrongThread : std::logic_error {
    using std::logic_error::logic_error;
};

/// The pipeline was cancelled: thrown by `wait` after `cancel`.
struct Cancelled : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace weir
