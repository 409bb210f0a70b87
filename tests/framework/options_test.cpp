#include <weir/framework/options.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

enum class Change { convert, renegotiate, fail };

struct Settings {
    std::string codec;
    int width = 0;
    int height = 0;
    std::uint64_t bits = 0;
    double gain = 1;
    weir::Rational rate{25, 1};
    Change change = Change::convert;
    bool overwrite = false;
    std::optional<int> crf;
    std::vector<std::string> tags{"none"};
    std::string preset = "fast";
    std::map<std::string, std::string> rest;

    static const weir::OptionTable<Settings>& table() {
        static const auto table = [] {
            weir::OptionTable<Settings> t;
            t.add("codec", &Settings::codec, {.help = "the encoder", .positional = true, .required = true})
                .add_word("size", &parse_size, {.help = "WIDTHxHEIGHT"})
                .add("width", &Settings::width, {.help = "of the picture", .unit = "px", .min = 16, .max = 16384})
                .add("height", &Settings::height, {.help = "of the picture", .unit = "px", .min = 16, .max = 16384})
                .add("b", &Settings::bits, {.help = "bit rate", .unit = "bit/s"})
                .add("gain", &Settings::gain, {.help = "factor", .min = 0})
                .add("rate", &Settings::rate, {.help = "frames a second", .min = 1, .max = 1000})
                .add("on_change", &Settings::change,
                     {.help = "what a new format does", .choices = {"convert", "renegotiate", "fail"}})
                .add("overwrite", &Settings::overwrite, {.help = "an existing file"})
                .add("crf", &Settings::crf, {.help = "quality", .min = 0, .max = 51})
                .add("tags", &Settings::tags, {.help = "words"})
                .add("preset", &Settings::preset, {.help = "speed", .choices = {"fast", "slow"}});
            return t;
        }();
        return table;
    }

    static bool parse_size(Settings& into, std::string_view word) {
        const auto x = word.find('x');
        if (x == std::string_view::npos || word.find_first_not_of("0123456789x") != std::string_view::npos)
            return false;
        weir::parse_value(into.width, "size", word.substr(0, x), {});
        weir::parse_value(into.height, "size", word.substr(x + 1), {});
        return true;
    }
};

struct Encoder {
    int threads = 0;
    std::map<std::string, std::string> rest;

    static const weir::OptionTable<Encoder>& table() {
        static const auto table = [] {
            weir::OptionTable<Encoder> t;
            t.add_rest(&Encoder::rest, "options of the codec").add("threads", &Encoder::threads, {.help = "of the codec"});
            return t;
        }();
        return table;
    }
};

Settings parsed(const std::vector<weir::Argument>& arguments) {
    Settings settings;
    Settings::table().parse(settings, arguments);
    return settings;
}

std::string refusal(const std::vector<weir::Argument>& arguments) {
    try {
        static_cast<void>(parsed(arguments));
    } catch (const weir::OptionError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

template <class T> T value(std::string_view text) {
    T into{};
    weir::parse_value(into, "x", text, {});
    return into;
}

template <class T> std::string value_refusal(std::string_view text, const weir::OptionText& about = {}) {
    T into{};
    try {
        weir::parse_value(into, "x", text, about);
    } catch (const weir::OptionError& error) {
        return error.what();
    }
    return "nothing was thrown";
}

} // namespace

TEST_CASE("arguments fill the members that the table names", "[framework][options]") {
    const Settings s = parsed({{"", "libx264"},
                               {"", "1280x720"},
                               {"b", "2.5M"},
                               {"gain", "0.5"},
                               {"rate", "30000/1001"},
                               {"on_change", "renegotiate"},
                               {"overwrite", "yes"},
                               {"crf", "23"},
                               {"tags", "a,b"},
                               {"tags", "c"},
                               {"preset", "slow"}});
    CHECK(s.codec == "libx264");
    CHECK(s.width == 1280);
    CHECK(s.height == 720);
    CHECK(s.bits == 2'500'000);
    CHECK(s.gain == 0.5);
    CHECK(s.rate == weir::Rational{30000, 1001});
    CHECK(s.change == Change::renegotiate);
    CHECK(s.overwrite);
    CHECK(s.crf == 23);
    CHECK(s.tags == std::vector<std::string>{"a", "b", "c"});
    CHECK(s.preset == "slow");
}

TEST_CASE("a word without a name goes to the first place that takes it", "[framework][options]") {
    CHECK(parsed({{"codec", "aac"}, {"", "640x480"}}).width == 640);
    CHECK(parsed({{"size", "640x480"}, {"", "aac"}}).height == 480);
    CHECK(parsed({{"", "aac"}, {"", "overwrite"}}).overwrite);
    CHECK(refusal({{"", "aac"}, {"", "width"}}) == "width needs a value: width=...");
    CHECK(refusal({{"", "aac"}, {"", "foo"}})
              .starts_with("'foo' is not expected here; without a name there may be: codec, size;"));
}

TEST_CASE("whole numbers take decimal and binary endings", "[framework][options]") {
    CHECK(value<int>("128k") == 128'000);
    CHECK(value<int>("128K") == 128'000);
    CHECK(value<std::int64_t>("3G") == 3'000'000'000);
    CHECK(value<int>("4Ki") == 4096);
    CHECK(value<std::uint64_t>("2Mi") == 2'097'152);
    CHECK(value<std::int64_t>("-1Gi") == -1'073'741'824);
    CHECK(value<int>("0.1k") == 100);
    CHECK(value<int>("-0") == 0);
    CHECK(value<std::int64_t>("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
    CHECK(value<std::int8_t>("-128") == -128);
    CHECK(value<double>("1.5k") == 1500);
    CHECK(value<double>("-2Ki") == -2048);
}

TEST_CASE("what is no such value is refused with the reason", "[framework][options]") {
    CHECK(value_refusal<int>("abc") == "x: 'abc' is not a whole number");
    CHECK(value_refusal<int>("") == "x: '' is not a whole number");
    CHECK(value_refusal<int>("k") == "x: 'k' is not a whole number");
    CHECK(value_refusal<int>("1.5") == "x: '1.5' is not a whole number");
    CHECK(value_refusal<int>("1.2345k") == "x: '1.2345k' is not a whole number");
    CHECK(value_refusal<int>("--1") == "x: '--1' is not a whole number");
    CHECK(value_refusal<int>("3G") == "x: '3G' is too large");
    CHECK(value_refusal<std::int8_t>("-129") == "x: '-129' is too small");
    CHECK(value_refusal<unsigned>("-1") == "x: '-1' is negative");
    CHECK(value_refusal<std::uint64_t>("18446744073709551616") == "x: '18446744073709551616' is too large");
    CHECK(value_refusal<std::uint64_t>("18446744073709551615Gi") == "x: '18446744073709551615Gi' is too large");
    CHECK(value_refusal<double>("nan") == "x: 'nan' is not a number");
    CHECK(value_refusal<double>("inf") == "x: 'inf' is not a number");
    CHECK(value_refusal<double>("1e308G") == "x: '1e308G' is not a number");
    CHECK(value_refusal<bool>("maybe") == "x: 'maybe' is neither yes nor no");
    CHECK(value_refusal<weir::Rational>("1/0") == "x: '1/0' is not a fraction such as 30000/1001, 25 or 29.97");
    CHECK(value_refusal<Change>("renegotiat", {.help = "", .choices = {"convert", "renegotiate"}}) ==
          "x: 'renegotiat' is none of convert, renegotiate; did you mean 'renegotiate'?");
}

TEST_CASE("decimal fractions are exact", "[framework][options]") {
    CHECK(value<weir::Rational>("29.97") == weir::Rational{2997, 100});
    CHECK(value<weir::Rational>("23.976") == weir::Rational{2997, 125});
    CHECK(value<weir::Rational>("25") == weir::Rational{25, 1});
    CHECK(value<weir::Rational>("16:9") == weir::Rational{16, 9});
}

TEST_CASE("a value out of its range is refused with the range", "[framework][options]") {
    CHECK(refusal({{"", "aac"}, {"width", "8"}}) == "width: 8 is out of range (16 to 16384 px)");
    CHECK(refusal({{"", "aac"}, {"gain", "-1"}}) == "gain: -1 is out of range (at least 0)");
    CHECK(refusal({{"", "aac"}, {"rate", "1/2"}}) == "rate: 1/2 is out of range (1 to 1000)");
    Settings s;
    s.codec = "aac";
    s.height = 3;
    CHECK_THROWS_WITH(Settings::table().check(s), "height: 3 is out of range (16 to 16384 px)");
    s.height = 0; // what it starts with: not set
    CHECK_NOTHROW(Settings::table().check(s));
}

TEST_CASE("an unknown option is refused with the nearest right name", "[framework][options]") {
    CHECK(refusal({{"", "aac"}, {"witdh", "64"}}) ==
          "unknown option 'witdh'; did you mean 'width'? (options: codec, size, width, height, b, gain, rate, on_change, "
          "overwrite, crf, tags, preset)");
}

TEST_CASE("a required option that is missing is named", "[framework][options]") {
    CHECK(refusal({{"width", "64"}}) == "codec is missing: the encoder");
    CHECK_THROWS_WITH(Settings::table().check(Settings{}), "codec is missing: the encoder");
}

TEST_CASE("an option given twice is refused unless it is a list", "[framework][options]") {
    CHECK(refusal({{"", "aac"}, {"codec", "mp3"}}) == "codec is given twice");
}

TEST_CASE("an error says which argument is to blame", "[framework][options]") {
    try {
        static_cast<void>(parsed({{"", "aac"}, {"crf", "99"}}));
        FAIL("nothing was thrown");
    } catch (const weir::OptionError& error) {
        CHECK(error.option == "crf");
        CHECK(error.argument == 1);
    }
}

TEST_CASE("what the table does not know goes to the rest", "[framework][options]") {
    Encoder encoder;
    Encoder::table().parse(encoder, {{"threads", "2"}, {"8x8dct", "1"}});
    CHECK(encoder.threads == 2);
    CHECK(encoder.rest == std::map<std::string, std::string>{{"8x8dct", "1"}});
    CHECK(Encoder::table().infos().at(0).name == "threads");
    CHECK(Encoder::table().infos().at(1).type == "options");
}

TEST_CASE("the table tells names, types and defaults", "[framework][options]") {
    std::string text;
    for (const weir::OptionInfo& info : Settings::table().infos())
        text += info.name + " (" + info.type + ") " + info.default_value + '\n';
    CHECK(text == "codec (text) \n"
                  "size (text) \n"
                  "width (integer) 0\n"
                  "height (integer) 0\n"
                  "b (integer) 0\n"
                  "gain (number) 1\n"
                  "rate (fraction) 25\n"
                  "on_change (choice) convert\n"
                  "overwrite (yes/no) no\n"
                  "crf (integer) \n"
                  "tags (list) none\n"
                  "preset (choice) fast\n");
}

TEST_CASE("the nearest name is one that can be meant", "[framework][options]") {
    const std::vector<std::string> names{"scale", "demux", "decode", "video"};
    CHECK(weir::nearest("sclae", names) == "scale");
    CHECK(weir::nearest("DEMUX", names) == "demux");
    CHECK(weir::nearest("tesrc", {"demux", "testsrc", "tone"}) == "testsrc");
    CHECK(weir::nearest("dec", names) == "decode");
    CHECK_FALSE(weir::nearest("x", names));
    CHECK_FALSE(weir::nearest("libx264", names));
    CHECK_FALSE(weir::nearest("", names));
    CHECK_FALSE(weir::nearest(std::string(100'000, 'd'), names));
}
