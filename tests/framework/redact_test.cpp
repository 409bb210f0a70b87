#include <weir/framework/redact.hpp>

#include <catch2/catch.hpp>

#include <string>

using weir::redact_url;
using weir::redact_urls;

TEST_CASE("user info, query and stream keys of URLs are hidden", "[framework][redact]") {
    CHECK(redact_url("http://u:p@h/x.m3u8?token=1#f") == "http://***@h/x.m3u8?***");
    CHECK(redact_url("http://host:80/x") == "http://host:80/x");
    CHECK(redact_url("http://[::1]:80/x@y") == "http://[::1]:80/x@y");
    CHECK(redact_url("RTMP://host/app/key123") == "RTMP://host/app/***");
    CHECK(redact_url("rtmp://host/app playpath=key") == "rtmp://host/app ***");
    CHECK(redact_url("srt://host:1?passphrase=x") == "srt://host:1?***");
    CHECK(redact_url("http://host/x#token") == "http://host/x#***");
}

TEST_CASE("a password that nobody escaped is hidden too", "[framework][redact]") {
    CHECK(redact_url("http://user:pa/ss@host/x") == "http://***@host/x");
    CHECK(redact_url("http://user:pa?s@s@host/x") == "http://***@host/x");
}

TEST_CASE("URLs inside URLs are looked at too", "[framework][redact]") {
    CHECK(redact_url("concat:http://a@b/c|http://d:e@f/g?x|http://y") == "concat:http://***@b/c|http://***@f/g?***");
    CHECK(redact_url("http://proxy/http://u:p@h/") == "http://proxy/http://***@h/");
}

TEST_CASE("what is no URL stays as it is", "[framework][redact]") {
    for (const std::string text : {"in.mp4", "a@b?c#d", "://", "?://", "", "C:\\x"})
        CHECK(redact_url(text) == text);
}

TEST_CASE("URLs are found inside a text", "[framework][redact]") {
    CHECK(redact_urls("cannot open 'http://u:p@h/?k', nor \"rtmp://h/a/k\": 404 @ ?") ==
          "cannot open 'http://***@h/?***', nor \"rtmp://h/a/***\": 404 @ ?");
}

TEST_CASE("hiding takes time in proportion to the text", "[framework][redact]") {
    for (const std::string unit : {"a://", "a:b://", "a:b@://", " a:b://", "a://?"}) {
        std::string text;
        while (text.size() < 1024 * 1024)
            text += unit;
        CHECK_FALSE(redact_urls(text).empty()); // in squares of the length it would take minutes: the test's time limit
    }
}
