#pragma once
// Options that are changed while their stage runs.
#include <weir/framework/options.hpp>
#include <weir/pools/detail/mutex.hpp>

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace weir {

/// A definition's options, which it changes by `change` and its coroutine reads by a Reader. `T::table()` says which may be
/// changed. Thread-safe.
template <class T> class LiveOptions {
public:
    explicit LiveOptions(T options) : options_(std::move(options)) {}

    [[nodiscard]] T get() const WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        return options_;
    }
    /// Throws OptionError, and nothing has changed.
    void change(std::string_view name, std::string_view value) {
        update([&](T& options) { T::table().change(options, name, value); });
    }
    /// Has `f` change them. If it throws, nothing has changed.
    template <class F> void update(F f) WEIR_EXCLUDES(mutex_) {
        const detail::Lock lock(mutex_);
        T changed = options_;
        f(changed);
        options_ = std::move(changed);
        version_.fetch_add(1, std::memory_order_release); // pairs with Reader::refresh
    }

    /// A coroutine's copy. Belongs to it, and lives no longer than the options.
    class Reader {
    public:
        explicit Reader(const LiveOptions& of)
            : of_(&of), version_(of.version_.load(std::memory_order_acquire)), options_(of.get()) {}
        [[nodiscard]] const T& operator*() const noexcept { return options_; }
        [[nodiscard]] const T* operator->() const noexcept { return &options_; }
        /// To be called where a change may take effect. True if there was one. Costs one look at an atomic if there was none.
        [[nodiscard]] bool refresh() {
            const std::uint64_t now = of_->version_.load(std::memory_order_acquire);
            if (now == version_)
                return false;
            version_ = now;
            options_ = of_->get();
            return true;
        }

    private:
        const LiveOptions* of_;
        std::uint64_t version_;
        T options_;
    };

private:
    mutable detail::Mutex mutex_;
    T options_ WEIR_GUARDED_BY(mutex_);
    std::atomic<std::uint64_t> version_{0};
};

} // namespace weir
