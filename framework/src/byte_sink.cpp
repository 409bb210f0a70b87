#include <weir/framework/byte_sink.hpp>
#include <weir/framework/error.hpp>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace weir {
namespace {

class SinkWriter final : public ByteWriter {
public:
    explicit SinkWriter(std::shared_ptr<detail::ByteQueue> queue) noexcept : queue_(std::move(queue)) {}
    ~SinkWriter() override { queue_->end(EndReason::cancelled); } // of a stage that never ran

    [[nodiscard]] bool write(std::span<const std::byte> bytes, const IoLimit& limit) override {
        if (queue_->ended_writing())
            throw std::runtime_error("the byte sink '" + queue_->name() +
                                     "' was written once: what it gave cannot be taken back");
        if (queue_->write(bytes, limit) == bytes.size())
            return true;
        if (const std::exception_ptr error = queue_->close_error())
            std::rethrow_exception(error);
        return false;
    }
    void end(EndReason reason) noexcept override { queue_->end(reason); }
    [[nodiscard]] std::string name() const override { return queue_->name(); }

private:
    std::shared_ptr<detail::ByteQueue> queue_;
};

} // namespace

/// The application's: gone with its last handle. The stage's end does not refer to it.
struct ByteSink::Handle {
    Handle(std::string name, std::size_t capacity)
        : queue(std::make_shared<detail::ByteQueue>(std::move(name), capacity, detail::ByteQueue::Application::reads)),
          abandoned(std::make_exception_ptr(
              std::runtime_error("the application let go of the byte sink '" + queue->name() + "' before its end"))),
          writer(std::make_shared<SinkWriter>(queue)) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { queue->close(abandoned); } // does nothing after `close`

    std::shared_ptr<detail::ByteQueue> queue;
    std::exception_ptr abandoned;       ///< made while memory can be had
    std::shared_ptr<SinkWriter> writer; ///< until it is given to a stage
    std::atomic<bool> given{false};
};

ByteSink::ByteSink(std::string name, std::size_t capacity) : handle_(std::make_shared<Handle>(std::move(name), capacity)) {}

std::size_t ByteSink::try_pull(std::span<std::byte> into) { return handle_->queue->read(into, detail::no_wait()); }

std::size_t ByteSink::pull(std::span<std::byte> into, std::chrono::nanoseconds timeout) {
    return handle_->queue->read(into, detail::application_limit(timeout));
}

std::optional<EndReason> ByteSink::ended() const { return handle_->queue->ended(); }

bool ByteSink::whole() const {
    const auto reason = ended();
    return reason == EndReason::finished || reason == EndReason::drained;
}

void ByteSink::close() noexcept { handle_->queue->close(); }
void ByteSink::on_bytes(std::function<void()> f) { handle_->queue->on_change(std::move(f)); }
std::size_t ByteSink::size() const { return handle_->queue->size(); }
std::size_t ByteSink::capacity() const noexcept { return handle_->queue->capacity(); }
const std::string& ByteSink::name() const noexcept { return handle_->queue->name(); }

std::shared_ptr<ByteWriter> ByteSink::writer() const {
    // Relaxed: an exclusive right to the writer, which came with the handle.
    if (handle_->given.exchange(true, std::memory_order_relaxed))
        throw GraphError("the byte sink '" + name() + "' is written by another stage already");
    return std::move(handle_->writer);
}

} // namespace weir
