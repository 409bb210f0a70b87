// Who has the frames inside items of a user's own type.
#include "support/engines.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace weir;

namespace mine {

struct Titled {
    PooledFrame frame;
    std::string title;
};
void pass_to(const Titled& item, HolderId holder, std::int64_t now) noexcept { weir::pass_to(item.frame, holder, now); }

} // namespace mine

TEST_CASE("the ledger follows frames inside a type that says that it holds one", "[framework][ledger]") {
    support::TestEngine test;
    Event go("go");
    Pipeline pipeline(test.engine);
    const auto from = pipeline.add("titles", [](Output<PooledFrame> frames, Output<mine::Titled> out) -> Process {
        for (int i = 0; i < 3; ++i) {
            PooledFrame frame = co_await frames.acquire(support::small);
            mine::Titled item{std::move(frame), "title"}; // not inside an await: GCC 12 destroys such a temporary twice
            if (!co_await out.put(std::move(item)))
                co_return;
        }
    });
    pipeline.connect(from["out1"], pipeline.add("reader", [&go](Input<mine::Titled> in) -> Process {
        const auto first = co_await in.next();
        co_await until(go);
        while (co_await in.next()) {
        }
    }));
    pipeline.set(from, {.quota = 3});
    pipeline.start();
    const auto holders = [&] {
        std::string text;
        for (const Ledger& ledger : test.engine.registry().ledger())
            for (const HolderShare& share : ledger.holders)
                text += share.name + " ";
        return text;
    };
    while (holders() != "link titles.out1->reader.in reader ")
        std::this_thread::yield();
    go.set();
    pipeline.wait();
    CHECK(test.frames_out() == 0);
}
