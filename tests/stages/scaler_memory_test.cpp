#include <weir/pools/pool_registry.hpp>
#include <weir/stages/scaler.hpp>

#include <catch2/catch.hpp>
#include <sys/mman.h>

#include <random>

using namespace weir;

namespace {

/// Every buffer lies between two pages that nobody may touch, right behind the one or right before the other.
class GuardedMemory final : public BufferAllocator {
public:
    explicit GuardedMemory(bool at_the_end) : at_the_end_(at_the_end) {}

    std::byte* allocate(std::size_t bytes, std::size_t alignment) override {
        const std::size_t room = rounded(bytes, page);
        void* memory = ::mmap(nullptr, room + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            throw std::bad_alloc();
        auto* start = static_cast<std::byte*>(memory);
        ::mprotect(start, page, PROT_NONE);
        ::mprotect(start + page + room, page, PROT_NONE);
        return start + page + offset(bytes, alignment);
    }
    void deallocate(std::byte* memory, std::size_t bytes, std::size_t alignment) noexcept override {
        ::munmap(memory - offset(bytes, alignment) - page, rounded(bytes, page) + 2 * page);
    }

private:
    static constexpr std::size_t page = 4096;
    static std::size_t rounded(std::size_t bytes, std::size_t to) noexcept { return (bytes + to - 1) / to * to; }
    [[nodiscard]] std::size_t offset(std::size_t bytes, std::size_t alignment) const noexcept {
        return at_the_end_ ? rounded(bytes, page) - rounded(bytes, alignment) : 0;
    }
    bool at_the_end_;
};

} // namespace

TEST_CASE("no conversion touches memory outside of its pictures", "[stages][scaler][memory]") {
    GuardedMemory memory(GENERATE(true, false));
    RegistryConfig config;
    config.allocator = &memory;
    const auto formats = all_pixel_formats();
    for (unsigned seed = 1; seed <= 400; ++seed) {
        std::mt19937 random(seed);
        const auto number = [&random](unsigned from, unsigned to) {
            return from + static_cast<unsigned>(random()) % (to - from + 1);
        };
        PoolRegistry registry(config);
        const auto frame = [&registry](const VideoFormat& format) {
            BasicFramePool pool = registry.frames(format);
            pool.add_demand(1);
            return pool.acquire();
        };
        const VideoFormat from{number(1, 90), number(1, 90), formats[number(0, static_cast<unsigned>(formats.size()) - 1)]};
        const VideoFormat to{number(1, 90), number(1, 90), formats[number(0, static_cast<unsigned>(formats.size()) - 1)]};
        CAPTURE(seed, to_string(from), to_string(to));
        ScaleOptions options;
        options.filter = static_cast<ScaleFilter>(number(0, 4));
        PooledFrame source = frame(from);
        PooledFrame target = frame(to);
        // A crash here is the failure.
        CHECK_NOTHROW(Scaler(options).convert(source, target));
    }
}
