#include <weir/pools/holder.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <vector>

using namespace weir;

TEST_CASE("a holder's id has its name while it lives", "[pools][ledger]") {
    const Holder holder("encode[hd]");
    CHECK(holder_name(holder.id()) == "encode[hd]");
}

TEST_CASE("nobody is called unnamed", "[pools][ledger]") {
    CHECK(holder_name({}) == "(unnamed)");
    CHECK(holder_name({0xffff'ffff'ffff'ffff}) == "(unnamed)");
    CHECK(holder_name({0x1'0000'0000}) == "(unnamed)");
    CHECK(Holder{}.id() == HolderId{});
}

TEST_CASE("an id outlives its holder and says that it is gone", "[pools][ledger]") {
    std::optional<Holder> holder(std::in_place, "scale");
    const HolderId id = holder->id();
    holder.reset();
    CHECK(holder_name(id) == "gone: scale");
}

TEST_CASE("an old id never gets the name of the slot's next holder", "[pools][ledger]") {
    std::optional<Holder> old(std::in_place, "old");
    const HolderId id = old->id();
    old.reset();
    for (int i = 0; i < 2'000; ++i)
        Holder passing("passing");
    const std::string name = holder_name(id);
    CHECK((name == "gone: old" || name == "(unnamed)"));
    std::vector<Holder> living;
    for (int i = 0; i < 2'000; ++i)
        living.emplace_back("living");
    CHECK(holder_name(id) == "(unnamed)");
}

TEST_CASE("moving a holder moves its name", "[pools][ledger]") {
    Holder first("first");
    const HolderId id = first.id();
    Holder second(std::move(first));
    CHECK(second.id() == id);
    Holder third("third");
    third = std::move(second);
    CHECK(third.id() == id);
    CHECK(holder_name(id) == "first");
}
