#include <weir/framework/error.hpp>

namespace weir {
namespace {

std::string full_text(const std::string& stage, const std::string& port, const std::string& message) {
    if (stage.empty())
        return message;
    return stage + (port.empty() ? "" : "." + port) + ": " + message;
}

} // namespace

Error::Error(std::string stage, std::string port, std::string message, std::exception_ptr cause)
    : std::runtime_error(full_text(stage, port, message)), stage_(std::move(stage)), port_(std::move(port)),
      message_(std::move(message)), cause_(std::move(cause)) {}

} // namespace weir
