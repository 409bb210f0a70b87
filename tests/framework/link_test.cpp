// What links do when they are full.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <numeric>

using namespace weir;
using support::TestEngine;

namespace {

/// 0, 1, 2 ... below `count`; then says that it is done.
Process numbers_then(Output<int> out, int count, Event* done) {
    for (int i = 0; i < count; ++i)
        if (!co_await out.put(i))
            break;
    done->set();
}

/// Reads nothing until `begin`.
Process read_late(Input<int> in, Event* begin, std::vector<int>* got) {
    co_await until(*begin);
    while (auto item = co_await in.next())
        got->push_back(*item);
}

std::vector<int> from_to(int begin, int end) {
    std::vector<int> values(static_cast<std::size_t>(end - begin));
    std::iota(values.begin(), values.end(), begin);
    return values;
}

const auto small_packets = std::make_shared<const PacketFormat>([] {
    PacketFormat format;
    format.time_base = {1, 1000};
    return format;
}());

/// 100 bytes; a key packet every `key_every`.
Packet packet(int number, int key_every) {
    static const auto bytes = std::make_shared<const std::array<std::byte, 100>>();
    Packet result;
    result.format = small_packets;
    result.pts = result.dts = 10 * number;
    result.key = number % key_every == 0;
    result.data = *bytes;
    result.payload = bytes;
    return result;
}

Process packets(Output<Packet> out, int count, int key_every, Event* done) {
    for (int i = 0; i < count; ++i) {
        Packet next = packet(i, key_every);
        if (!co_await out.put(std::move(next)))
            break;
    }
    if (done)
        done->set();
}

/// The numbers of the packets that come, once `begin` was said.
Process read_packets(Input<Packet> in, Event* begin, std::vector<int>* got) {
    if (begin)
        co_await until(*begin);
    while (auto item = co_await in.next())
        got->push_back(static_cast<int>(item->pts / 10));
}

const LinkSnapshot& link_to(const Snapshot& snapshot, const std::string& stage) {
    for (const LinkSnapshot& link : snapshot.links)
        if (link.to.rfind(stage + ".", 0) == 0)
            return link;
    throw std::logic_error("no link to " + stage);
}

} // namespace

TEST_CASE("a full link drops what has waited longest, or the new item, as it was told, and counts it", "[framework][link]") {
    const bool oldest = GENERATE(true, false);
    TestEngine test;
    Event done("the source is done");
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", numbers_then, 100, &done);
    const auto to = pipeline.add("late", read_late, &done, &got);
    pipeline.connect(from, to, {.capacity = 5, .when_full = oldest ? WhenFull::drop_oldest : WhenFull::drop_newest});
    pipeline.run();
    CHECK(got == (oldest ? from_to(95, 100) : from_to(0, 5)));
    const Snapshot snapshot = pipeline.snapshot();
    CHECK(link_to(snapshot, "late").items == 100);
    CHECK(link_to(snapshot, "late").drops == 95);
    CHECK(link_to(snapshot, "late").discards == 0);
    CHECK(snapshot.stages.back().items_in == 5);
}

TEST_CASE("a branch that drops does not hold up the other, which gets everything", "[framework][link]") {
    const unsigned threads = GENERATE(1u, 2u);
    TestEngine test(threads);
    Event done("all of it was sent");
    std::vector<int> fast;
    std::vector<int> slow;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", numbers_then, 2000, &done);
    from >> pipeline.add("fast", sink([&fast](int i) { fast.push_back(i); }));
    pipeline.connect(from, pipeline.add("slow", read_late, &done, &slow), LinkOptions::latest());
    pipeline.run();
    CHECK(fast == from_to(0, 2000));
    CHECK(slow == std::vector<int>{1999});
}

TEST_CASE("what a reader looked at and left in a link that drops is freed and counted when it leaves", "[framework][link]") {
    TestEngine test(1); // else the source may be between the reader's closing and its freeing
    const auto item = std::make_shared<int>(7);
    Pipeline pipeline(test.engine);
    long uses = 0;
    const auto from = pipeline.add("src", [&](Output<std::shared_ptr<int>> out) -> Process {
        std::shared_ptr<int> first = item;
        while (co_await out.put(std::move(first))) // false: the reader has left
            first = nullptr;
        uses = item.use_count();
    });
    const auto to = pipeline.add("reader", [](Input<std::shared_ptr<int>> in) -> Process { co_await in.peek(); });
    pipeline.connect(from, to, {.capacity = 1, .when_full = WhenFull::drop_newest});
    pipeline.run();
    CHECK(uses == 1);
    const LinkSnapshot link = link_to(pipeline.snapshot(), "reader");
    CHECK(link.items == link.drops + link.discards);
}

TEST_CASE("frames that a link drops are back in their pool before the pipeline ends", "[framework][link][lifecycle]") {
    TestEngine test;
    int seen = 0;
    Event done("done");
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("src", [&done](Output<PooledFrame> out) -> Process {
        for (int i = 0; i < 200; ++i) {
            PooledFrame frame = co_await out.acquire(support::small);
            co_await out.put(std::move(frame));
        }
        done.set();
    });
    const auto to = pipeline.add("late", [&](Input<PooledFrame> in) -> Process {
        co_await until(done);
        while (co_await in.next())
            ++seen;
    });
    pipeline.connect(from, to, {.capacity = 3, .when_full = WhenFull::drop_oldest});
    pipeline.run();
    CHECK(seen == 3);
    CHECK(test.frames_out() == 0);
    std::uint64_t overflows = 0;
    for (const PortSnapshot& port : pipeline.snapshot().ports)
        overflows += port.overflows;
    CHECK(overflows == 0);
}

TEST_CASE("of packets all that follow a drop go with it, up to the next key packet", "[framework][link]") {
    TestEngine test;
    Event done("done");
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("packets", packets, 38, 10, &done);
    const auto to = pipeline.add("late", read_packets, &done, &got);
    SECTION("the oldest") {
        pipeline.connect(from, to, {.capacity = 12, .when_full = WhenFull::drop_oldest});
        pipeline.run();
        CHECK(got == from_to(30, 38)); // 26 to 37 would fit, but only 30 can be decoded without those before it
    }
    SECTION("the oldest, with less room than there is between key packets") {
        pipeline.connect(from, to, {.capacity = 4, .when_full = WhenFull::drop_oldest});
        pipeline.run();
        CHECK(got.empty()); // the fifth pushed out its own key packet; a link for packets has to hold more than that
    }
    SECTION("the newest") {
        pipeline.connect(from, to, {.capacity = 12, .when_full = WhenFull::drop_newest});
        pipeline.run();
        CHECK(got == from_to(0, 12));
    }
    const LinkSnapshot link = link_to(pipeline.snapshot(), "late");
    CHECK(link.items == 38);
    CHECK(link.items == got.size() + link.drops);
}

TEST_CASE("what a consumer looks at is not dropped under its eyes", "[framework][link]") {
    TestEngine test;
    Event looked("looked");
    Event done("done");
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", [&](Output<int> out) -> Process {
        co_await out.put(0);
        co_await until(looked);
        for (int i = 1; i < 100; ++i)
            co_await out.put(i);
        done.set();
    });
    const auto to = pipeline.add("peek", [&](Input<int> in) -> Process {
        const int* first = co_await in.peek();
        looked.set();
        co_await until(done);
        got.push_back(*first);
        while (auto item = co_await in.next())
            got.push_back(*item);
    });
    pipeline.connect(from, to, LinkOptions::latest());
    pipeline.run();
    CHECK(got == std::vector<int>{0, 0, 99});
}

TEST_CASE("a gap that comes to a full link is not lost", "[framework][link]") {
    TestEngine test;
    Event done("done");
    std::vector<std::int64_t> gaps;
    std::vector<int> got;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("numbers", [&](Output<int> out) -> Process {
        for (int i = 0; i < 5; ++i) {
            co_await out.put(i);
            out.put_gap({i, {1, 1}});
        }
        done.set();
    });
    const auto to = pipeline.add("late", [&](Input<int> in) -> Process {
        co_await until(done);
        for (;;) {
            const Head<int> head = co_await in.head();
            if (head.gap) {
                gaps.push_back(head.gap->time);
                in.skip_gap();
            } else if (auto item = co_await in.next()) {
                got.push_back(*item);
            } else {
                co_return;
            }
        }
    });
    pipeline.connect(from, to, {.capacity = 2, .when_full = WhenFull::drop_newest});
    pipeline.run();
    CHECK(got == from_to(0, 2));
    CHECK(gaps == std::vector<std::int64_t>{4});
}

TEST_CASE("a link holds no more bytes or media time than it may, but at least one item", "[framework][link]") {
    TestEngine test;
    Event never("never");
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("packets", packets, 100, 1, nullptr);
    std::vector<int> got;
    const auto to = pipeline.add("never", read_packets, &never, &got);
    std::size_t fit = 0;
    SECTION("bytes") {
        pipeline.connect(from, to, {.capacity = 50, .max_bytes = 250});
        fit = 3; // full once it has reached 250
    }
    SECTION("time") {
        pipeline.connect(from, to, {.capacity = 50, .max_time = std::chrono::milliseconds(40)});
        fit = 5; // 0 to 40 ms
    }
    SECTION("less than one item") {
        pipeline.connect(from, to, {.capacity = 50, .max_bytes = 1});
        fit = 1;
    }
    pipeline.start();
    while (pipeline.snapshot().stages.front().state.rfind("waiting for room", 0) != 0)
        std::this_thread::yield();
    CHECK(pipeline.snapshot().links.front().size == fit);
    never.set();
    pipeline.wait();
    CHECK(got == from_to(0, 100));
}

TEST_CASE("what was taken from a link no longer counts in its bytes and its media time", "[framework][link]") {
    TestEngine test;
    Event go_on("go on");
    Event read("the first were read");
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("packets", packets, 100, 1, nullptr);
    std::vector<int> got;
    const auto to = pipeline.add("reader", [&](Input<Packet> in) -> Process {
        for (int i = 0; auto item = co_await in.next(); ++i) {
            got.push_back(static_cast<int>(item->pts / 10));
            if (i == 20) {
                read.set();
                co_await until(go_on);
            }
        }
    });
    std::size_t fit = 3;
    SECTION("bytes") { pipeline.connect(from, to, {.capacity = 50, .max_bytes = 250}); }
    SECTION("time") {
        pipeline.connect(from, to, {.capacity = 50, .max_time = std::chrono::milliseconds(40)});
        fit = 4; // 40 ms after the one that was taken last
    }
    pipeline.start();
    while (!read.is_set() || pipeline.snapshot().stages.front().state.rfind("waiting for room", 0) != 0)
        std::this_thread::yield();
    CHECK(pipeline.snapshot().links.front().size == fit);
    go_on.set();
    pipeline.wait();
    CHECK(got == from_to(0, 100));
}

TEST_CASE("what was taken from a link that drops no longer counts in its bytes", "[framework][link]") {
    TestEngine test;
    Event sent("some were sent");
    Event taken("they were taken");
    Event done("all were sent");
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("packets", [&](Output<Packet> out) -> Process {
        for (int i = 0; i < 6; ++i) {
            Packet next = packet(i, 1);
            co_await out.put(std::move(next));
            if (i == 2) {
                sent.set();
                co_await until(taken);
            }
        }
        done.set();
    });
    std::vector<int> got;
    const auto to = pipeline.add("reader", [&](Input<Packet> in) -> Process {
        co_await until(sent);
        for (int i = 0; i < 3; ++i)
            got.push_back(static_cast<int>((co_await in.next())->pts / 10));
        taken.set();
        co_await until(done);
        while (auto item = co_await in.next())
            got.push_back(static_cast<int>(item->pts / 10));
    });
    pipeline.connect(from, to, {.capacity = 50, .max_bytes = 250, .when_full = WhenFull::drop_oldest});
    pipeline.run();
    CHECK(got == from_to(0, 6));
    CHECK(pipeline.snapshot().links.front().drops == 0);
}

TEST_CASE("a stall on a bound of bytes or time ends like one on items", "[framework][link][stall]") {
    TestEngine test;
    std::vector<int> pairs;
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("packets", packets, 40, 1, nullptr);
    const auto hold = pipeline.add("hold", [](Input<Packet> in, Output<Packet> out) -> Process {
        std::vector<Packet> held;
        while (auto item = co_await in.next())
            held.push_back(std::move(*item));
        for (Packet& item : held)
            co_await out.put(std::move(item));
    });
    const auto join = pipeline.add("join", [&pairs](Input<Packet> a, Input<Packet> b) -> Process {
        for (;;) {
            auto first = co_await a.next();
            auto second = co_await b.next();
            if (!first || !second)
                co_return;
            pairs.push_back(static_cast<int>(first->pts == second->pts));
        }
    });
    LinkOptions options{.capacity = 50};
    SECTION("bytes") { options.max_bytes = 150; }
    SECTION("time") { options.max_time = std::chrono::milliseconds(30); }
    pipeline.connect(from, hold);
    pipeline.connect(hold, join["in0"]);
    pipeline.connect(from, join["in1"], options);
    pipeline.run();
    CHECK(pairs == std::vector<int>(40, 1));
    CHECK_FALSE(test.log->find("link packets.out->join.in1 overflowed").empty());
}
