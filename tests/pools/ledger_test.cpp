#include "support.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace weir;

namespace {

Acquirer by(const Holder& holder, std::int64_t now = 0) { return {.quota = {}, .holder = holder.id(), .now = now}; }

std::size_t total(const Ledger& ledger) {
    std::size_t sum = 0;
    for (const HolderShare& share : ledger.holders)
        sum += share.buffers;
    return sum;
}

} // namespace

TEMPLATE_TEST_CASE("the ledger's shares add up to the frames that are out, largest first", "[pools][ledger]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture, test::config(8));
    const Holder encode("encode");
    const Holder compose("compose");
    std::vector<PooledFrame> frames;
    frames.push_back(pool.acquire(by(compose)));
    for (int i = 0; i < 3; ++i)
        frames.push_back(pool.acquire(by(encode)));
    frames.push_back(pool.acquire());
    static_cast<void>(pool.acquire(by(encode))); // back already

    const Ledger ledger = pool.ledger();
    CHECK(ledger.format == "64x48 yuv420p");
    CHECK(ledger.max_capacity == 8);
    CHECK(ledger.out == 5);
    CHECK(ledger.out == pool.stats().in_use);
    CHECK(total(ledger) == 5);
    REQUIRE(ledger.holders.size() == 3);
    CHECK(ledger.holders[0].name == "encode");
    CHECK(ledger.holders[0].buffers == 3);
    CHECK(ledger.holders[0].bytes == 3 * pool.layout().bytes);
    CHECK(to_string(ledger) == "5 of 8 out: encode 3, (unnamed) 1, compose 1");
}

TEMPLATE_TEST_CASE("a frame that is passed on is its new holder's, with the time it was passed", "[pools][ledger]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    const Holder decode("decode");
    const Holder link("link decode->scale");
    const std::int64_t now = ledger_now();
    const PooledFrame frame = pool.acquire(by(decode, now));
    frame.pass_to(link.id(), now - 2'100'000'000);
    const Ledger ledger = pool.ledger();
    REQUIRE(ledger.holders.size() == 1);
    CHECK(ledger.holders[0].name == "link decode->scale");
    CHECK(ledger.holders[0].oldest >= std::chrono::milliseconds(2100));
    CHECK_THAT(to_string(ledger), Catch::StartsWith("1 of 16 out: link decode->scale 1 (oldest 2."));
}

TEMPLATE_TEST_CASE("a frame with several handles is one frame in the ledger, marked as shared", "[pools][ledger]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    const Holder tee("tee");
    const PooledFrame frame = pool.acquire(by(tee));
    const PooledFrame copy = frame;
    const PooledFrame another = pool.acquire(by(tee));
    const Ledger ledger = pool.ledger();
    REQUIRE(ledger.holders.size() == 1);
    CHECK(ledger.holders[0].buffers == 2);
    CHECK(ledger.holders[0].shared == 1);
    CHECK(to_string(ledger) == "2 of 16 out: tee 2 (+1 shared)");
}

TEST_CASE("a ledger with nothing out says so", "[pools][ledger]") {
    const SharedFramePool pool(test::small_picture, test::config(40));
    CHECK(to_string(pool.ledger()) == "0 of 40 out");
    HolderShare share;
    share.name = "encode[hd]";
    share.buffers = 24;
    share.oldest = std::chrono::milliseconds(2100);
    share.shared = 2;
    Ledger ledger;
    ledger.out = 24;
    ledger.max_capacity = 40;
    ledger.holders = {share};
    CHECK(to_string(ledger) == "24 of 40 out: encode[hd] 24 (oldest 2.1 s, +2 shared)");
}

TEMPLATE_TEST_CASE("a holder that is gone is still named", "[pools][ledger]", WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    PooledFrame frame;
    {
        const Holder holder("old stage");
        frame = pool.acquire(by(holder));
    }
    CHECK(to_string(pool.ledger()) == "1 of 16 out: gone: old stage 1");
}

TEMPLATE_TEST_CASE("each buffer that is out is visited with its quota, holder, bytes and handles", "[pools][ledger]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    const auto quota = Quota::make(4);
    const Holder holder("port");
    REQUIRE(quota->try_take());
    const PooledFrame counted = pool.acquire({.quota = quota, .holder = holder.id(), .now = 0});
    const PooledFrame copy = counted;
    const PooledFrame free = pool.acquire();
    std::map<const Quota*, std::uint32_t> seen;
    std::size_t bytes = 0;
    pool.for_each_out([&](const Quota* of, HolderId id, std::size_t each, std::uint32_t handles) {
        seen[of] = handles;
        bytes += each;
        if ((id == holder.id()) != (of == quota.get()))
            bytes = 0;
    });
    CHECK(seen == std::map<const Quota*, std::uint32_t>{{nullptr, 1}, {quota.get(), 2}});
    CHECK(bytes == 2 * pool.layout().bytes);
}

TEMPLATE_TEST_CASE("of what is noted as a queue's the newest waits in it, and its reader has taken the rest", "[pools][ledger]",
                   WEIR_FRAME_POOLS) {
    TestType pool(test::small_picture);
    const Holder reader("reader");
    std::size_t waiting = 2;
    Holder queue("queue");
    queue.set_queue(reader.id(), [&waiting] { return waiting; });
    const std::int64_t now = ledger_now();
    std::vector<PooledFrame> frames;
    for (const std::int64_t seconds_ago : {1, 5, 3})
        frames.push_back(pool.acquire(by(queue, now - seconds_ago * 1'000'000'000)));
    frames.push_back(pool.acquire(by(reader, now)));

    const auto shares = [&pool] {
        std::map<std::string, std::size_t> result;
        for (const HolderShare& share : pool.ledger().holders)
            result[share.name] = share.buffers;
        return result;
    };
    CHECK(shares() == std::map<std::string, std::size_t>{{"queue", 2}, {"reader", 2}});
    for (const HolderShare& share : pool.ledger().holders)
        CHECK(share.oldest >= std::chrono::seconds(share.name == "reader" ? 5 : 3)); // the oldest went first
    waiting = 0;
    CHECK(shares() == std::map<std::string, std::size_t>{{"reader", 4}});
    waiting = 100; // of something else
    CHECK(shares() == std::map<std::string, std::size_t>{{"queue", 3}, {"reader", 1}});
    queue.set_queue({}, nullptr);
    CHECK(shares() == std::map<std::string, std::size_t>{{"queue", 3}, {"reader", 1}});
}

TEMPLATE_TEST_CASE("the ledger can be asked for while frames come and go", "[pools][ledger][stress]", WEIR_FRAME_POOLS) {
    TestType pool(test::other_picture, test::config(4, OverflowPolicy::spill));
    const Holder holder("worker");
    std::atomic<bool> stop{false};
    std::jthread worker([&] {
        for (int i = 0; !stop; ++i) {
            const PooledFrame one = pool.acquire(by(holder));
            if (i % 16 == 0)
                pool.trim();
            const PooledFrame two = pool.acquire(by(holder));
            two.pass_to({}, 1);
        }
    });
    bool sums = true;
    for (int i = 0; i < 500; ++i) {
        const Ledger ledger = pool.ledger();
        sums = sums && total(ledger) == ledger.out && ledger.out <= 8;
        pool.for_each_out([&](const Quota* quota, HolderId, std::size_t, std::uint32_t) { sums = sums && !quota; });
    }
    stop = true;
    worker.join();
    CHECK(sums);
    CHECK(pool.ledger().out == 0);
}
