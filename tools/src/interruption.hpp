#pragma once
// SIGINT and SIGTERM as ordinary calls on a thread of their own.
#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace weir::tools {

/// Made before any other thread, which then leave the signals to this one; also where a shell started the program in the
/// background and had SIGINT ignored.
class Interruption {
public:
    /// `call` gets 1 at the first signal, 2 at the second ... on the thread that waits for them.
    explicit Interruption(std::function<void(unsigned)> call);
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

private:
    void listen();

    std::function<void(unsigned)> call_;
    sigset_t signals_{};
    std::atomic<bool> stopping_{false}; // relaxed: the signal that follows it orders it
    std::thread thread_;
};

} // namespace weir::tools
