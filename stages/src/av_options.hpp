#pragma once
// Options that are passed on to FFmpeg.
extern "C" {
#include <libavutil/dict.h>
#include <libavutil/log.h>
}

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// An AVDictionary with an owner.
class AvOptions {
public:
    AvOptions() = default;
    explicit AvOptions(const std::map<std::string, std::string>& values);
    ~AvOptions() { av_dict_free(&dictionary_); }
    AvOptions(const AvOptions&) = delete;
    AvOptions& operator=(const AvOptions&) = delete;

    void set(const char* key, const std::string& value);
    /// Only if it is not there yet.
    void set_default(const char* key, const std::string& value);
    void remove(const char* key);
    /// For FFmpeg, which takes out what it used.
    [[nodiscard]] AVDictionary** get() noexcept { return &dictionary_; }
    /// Throws OptionError if something was left: `owner` has no such option.
    void require_all_used(std::string_view owner) const;

private:
    AVDictionary* dictionary_ = nullptr;
};

/// Looks whether objects of these classes have these options and take these values, by setting them in `object` (which may be
/// null: then only the names are checked). `flags` are those an option must have (AV_OPT_FLAG_...). Throws OptionError with
/// the nearest right name.
struct AvOptionOwner {
    std::string name;                    ///< for messages: "encoder libx264"
    std::vector<const AVClass*> classes; ///< null ones are skipped
    int flags = 0;
};
void check_option_names(const std::map<std::string, std::string>& values, const AvOptionOwner& owner);
/// "there is no option 'presset' for encoder libx264 (did you mean 'preset'?)".
[[noreturn]] void throw_unknown_option(const std::string& key, const AvOptionOwner& owner);

} // namespace weir::detail
