#include "interruption.hpp"

#include <pthread.h>

namespace weir::tools {

namespace {
constexpr int wake = SIGUSR1; // ends the thread's wait
}

Interruption::Interruption(std::function<void(unsigned)> call) : call_(std::move(call)) {
    sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, wake}) {
        struct sigaction usual{};
        usual.sa_handler = SIG_DFL; // an ignored signal would not even wake sigwait
        sigaction(number, &usual, nullptr);
        sigaddset(&signals_, number);
    }
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this] { listen(); });
}

Interruption::~Interruption() {
    stopping_.store(true, std::memory_order_relaxed);
    pthread_kill(thread_.native_handle(), wake);
    thread_.join();
}

void Interruption::listen() {
    for (unsigned count = 0; !stopping_.load(std::memory_order_relaxed);) {
        int number = 0;
        sigwait(&signals_, &number);
        if (number != wake)
            call_(++count);
    }
}

} // namespace weir::tools
