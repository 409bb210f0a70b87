#include <weir/framework/printable.hpp>

#include <catch2/catch.hpp>

using weir::printable;

TEST_CASE("text that can be read stays as it is", "[framework][printable]") {
    CHECK(printable("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xAC \\ '\"") == "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xAC \\ '\"");
}

TEST_CASE("what would command a terminal is shown as an escape", "[framework][printable]") {
    CHECK(printable("a\x1B[2J\r\b\x7F\n\t") == "a\\x1B[2J\\x0D\\x08\\x7F\\n\\t");
    CHECK(printable("\xC2\x9B"
                    "31m") == "\\xC2\\x9B31m");                          // CSI as one character
    CHECK(printable("\xE2\x80\xAEgpj.exe") == "\\xE2\\x80\\xAEgpj.exe"); // right to left
    CHECK(printable("a\nb\tc", true) == "a\nb\\tc");
}

TEST_CASE("bytes that are no UTF-8 are shown as escapes", "[framework][printable]") {
    CHECK(printable("\xFF\xC3") == "\\xFF\\xC3");
    CHECK(printable("\xC0\xAF") == "\\xC0\\xAF");          // too long a form of '/'
    CHECK(printable("\xED\xA0\x80") == "\\xED\\xA0\\x80"); // half of a pair
    CHECK(printable("\xF4\x90\x80\x80") == "\\xF4\\x90\\x80\\x80");
    CHECK(printable("\xE2\x82z") == "\\xE2\\x82z");
}

TEST_CASE("characters are counted, not bytes", "[framework][printable]") {
    CHECK(weir::count_characters("a\xC3\xA4\xE2\x82\xAC") == 3);
    CHECK(weir::count_characters("") == 0);
}
