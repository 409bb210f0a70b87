#pragma once
// A mutex that clang's thread-safety analysis can follow (libstdc++'s carries no annotations).
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define WEIR_ATTRIBUTE(x) __attribute__((x))
#else
#define WEIR_ATTRIBUTE(x)
#endif
#define WEIR_CAPABILITY(x) WEIR_ATTRIBUTE(capability(x))
#define WEIR_SCOPED_CAPABILITY WEIR_ATTRIBUTE(scoped_lockable)
#define WEIR_GUARDED_BY(x) WEIR_ATTRIBUTE(guarded_by(x))
#define WEIR_REQUIRES(...) WEIR_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define WEIR_ACQUIRE(...) WEIR_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define WEIR_RELEASE(...) WEIR_ATTRIBUTE(release_capability(__VA_ARGS__))
#define WEIR_TRY_ACQUIRE(...) WEIR_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define WEIR_EXCLUDES(...) WEIR_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define WEIR_NO_THREAD_SAFETY_ANALYSIS WEIR_ATTRIBUTE(no_thread_safety_analysis)

namespace weir::detail {

class WEIR_CAPABILITY("mutex") Mutex {
public:
    void lock() WEIR_ACQUIRE() { mutex_.lock(); }
    void unlock() WEIR_RELEASE() { mutex_.unlock(); }
    bool try_lock() WEIR_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

private:
    friend class Condition;
    std::mutex mutex_;
};

/// Holds a Mutex for a scope; may let go of it and take it again in between.
class WEIR_SCOPED_CAPABILITY Lock {
public:
    explicit Lock(Mutex& mutex) WEIR_ACQUIRE(mutex) : mutex_(&mutex) { mutex.lock(); }
    ~Lock() WEIR_RELEASE() {
        if (held_)
            mutex_->unlock();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    void unlock() WEIR_RELEASE() {
        mutex_->unlock();
        held_ = false;
    }
    void lock() WEIR_ACQUIRE() {
        mutex_->lock();
        held_ = true;
    }

private:
    Mutex* mutex_;
    bool held_ = true;
};

/// A condition variable on a Mutex. The caller holds the mutex.
class Condition {
public:
    void wait(Mutex& mutex) WEIR_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        condition_.wait(lock);
        lock.release();
    }
    template <class Clock, class Duration>
    std::cv_status wait_until(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& until) WEIR_REQUIRES(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        const auto status = condition_.wait_until(lock, until);
        lock.release();
        return status;
    }
    void notify_one() noexcept { condition_.notify_one(); }
    void notify_all() noexcept { condition_.notify_all(); }

private:
    std::condition_variable condition_;
};

} // namespace weir::detail
