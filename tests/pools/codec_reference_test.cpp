// The references that a codec holds, beside the handles.
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace weir;
using detail::BlockRef;

namespace {

struct Seen {
    const Quota* quota = nullptr;
    std::uint32_t handles = 0;
    int count = 0;
};

template <class Pool> Seen look(const Pool& pool) {
    Seen seen;
    pool.for_each_out([&seen](const Quota* quota, HolderId, std::size_t, std::uint32_t handles) {
        seen.quota = quota;
        seen.handles = handles;
        ++seen.count;
    });
    return seen;
}

} // namespace

TEMPLATE_TEST_CASE("what only a codec refers to is out but counts against no quota", "[pools][codec]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    const auto quota = Quota::make(2);
    detail::Block* const block = std::move(pool.acquire({.quota = quota, .holder = {}, .now = 0})).take_block().to_codec();
    CHECK(pool.stats().in_use == 1);
    CHECK(look(pool).count == 1);
    CHECK(look(pool).quota == nullptr);
    CHECK(look(pool).handles == 0);

    BlockRef handle = BlockRef::lend(*block);
    CHECK(quota->in_use() == 1);
    CHECK(look(pool).quota == quota.get());
    CHECK(look(pool).handles == 1);
    BlockRef second = BlockRef::lend(*block);
    CHECK(quota->in_use() == 1);
    CHECK_FALSE(handle.unique());

    second.reset();
    handle.reset();
    CHECK(quota->in_use() == 0);
    CHECK(pool.stats().in_use == 1);
    BlockRef::drop_codec(*block);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().available == 1);
    CHECK(quota->in_use() == 0);
}

TEMPLATE_TEST_CASE("a handle outlives the codec's reference and counts until it goes", "[pools][codec]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(1));
    const auto quota = Quota::make(2);
    detail::Block* const block = std::move(pool.acquire({.quota = quota, .holder = {}, .now = 0})).take_block().to_codec();
    BlockRef handle = BlockRef::lend(*block);
    BlockRef::drop_codec(*block);
    CHECK(handle.unique());
    CHECK(quota->in_use() == 1);
    CHECK(pool.stats().in_use == 1);
    handle.reset();
    CHECK(quota->in_use() == 0);
    CHECK(pool.stats().in_use == 0);
}

TEMPLATE_TEST_CASE("a codec and its handles let go at once, and the buffer goes home once", "[pools][codec][stress]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::other_picture, test::config(1));
    const auto quota = Quota::make(1);
    for (int round = 0; round < 300; ++round) {
        detail::Block* const block = std::move(pool.acquire({.quota = quota, .holder = {}, .now = 0})).take_block().to_codec();
        BlockRef handle = BlockRef::lend(*block);
        std::jthread thread([&] { handle.reset(); });
        BlockRef::drop_codec(*block);
    }
    CHECK(quota->in_use() == 0);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().allocations == 1);
    CHECK(pool.stats().total_releases == 300);
}
