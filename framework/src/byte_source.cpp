#include <weir/framework/byte_source.hpp>
#include <weir/framework/error.hpp>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace weir {
namespace {

class SourceReader final : public ByteReader {
public:
    explicit SourceReader(std::shared_ptr<detail::ByteQueue> queue) noexcept : queue_(std::move(queue)) {}
    ~SourceReader() override { queue_->close(); }

    [[nodiscard]] std::size_t read(std::span<std::byte> into, const IoLimit& limit) override {
        return queue_->read(into, limit);
    }
    void close() noexcept override { queue_->close(); }
    [[nodiscard]] std::string name() const override { return queue_->name(); }

private:
    std::shared_ptr<detail::ByteQueue> queue_;
};

} // namespace

/// The application's: gone with its last handle. The stage's end does not refer to it.
struct ByteSource::Handle {
    Handle(std::string name, std::size_t capacity)
        : queue(std::make_shared<detail::ByteQueue>(std::move(name), capacity, detail::ByteQueue::Application::writes)),
          abandoned(std::make_exception_ptr(
              std::runtime_error("the application let go of the byte source '" + queue->name() + "' without finish()"))),
          reader(std::make_shared<SourceReader>(queue)) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { queue->fail(abandoned); } // does nothing after `finish` or `fail`

    std::shared_ptr<detail::ByteQueue> queue;
    std::exception_ptr abandoned;         ///< made while memory can be had
    std::shared_ptr<SourceReader> reader; ///< until it is given to a stage
    std::atomic<bool> given{false};
};

ByteSource::ByteSource(std::string name, std::size_t capacity) : handle_(std::make_shared<Handle>(std::move(name), capacity)) {}

std::size_t ByteSource::try_push(std::span<const std::byte> bytes) { return handle_->queue->write(bytes, detail::no_wait()); }

std::size_t ByteSource::push(std::span<const std::byte> bytes, std::chrono::nanoseconds timeout) {
    return handle_->queue->write(bytes, detail::application_limit(timeout));
}

void ByteSource::finish() noexcept { handle_->queue->end(EndReason::finished); }
void ByteSource::fail(std::exception_ptr error) noexcept { handle_->queue->fail(std::move(error)); }
void ByteSource::fail(const std::string& what) { fail(std::make_exception_ptr(std::runtime_error(what))); }
bool ByteSource::closed() const { return handle_->queue->closed(); }
void ByteSource::on_room(std::function<void()> f) { handle_->queue->on_change(std::move(f)); }
std::size_t ByteSource::size() const { return handle_->queue->size(); }
std::size_t ByteSource::capacity() const noexcept { return handle_->queue->capacity(); }
const std::string& ByteSource::name() const noexcept { return handle_->queue->name(); }

std::shared_ptr<ByteReader> ByteSource::reader() const {
    // Relaxed: an exclusive right to the reader, which came with the handle.
    if (handle_->given.exchange(true, std::memory_order_relaxed))
        throw GraphError("the byte source '" + name() + "' is read by another stage already");
    return std::move(handle_->reader);
}

} // namespace weir
