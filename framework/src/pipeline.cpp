#include <weir/framework/pipeline.hpp>

#include "engine_impl.hpp"
#include "pipeline_impl.hpp"

namespace weir {

Pipeline::Pipeline(Engine& engine, std::string name)
    : impl_(std::make_unique<detail::PipelineImpl>(engine.impl(), std::move(name))) {}
Pipeline::~Pipeline() = default;

Pipeline::Pipeline(Pipeline& parent, std::string name, bool fails_parent)
    : impl_(std::make_unique<detail::PipelineImpl>(parent.impl(), std::move(name), fails_parent)) {}

AnyStage Pipeline::add(std::string name, std::unique_ptr<StageDefinition> definition, StageOptions options) {
    return {*impl_, impl_->add(std::move(name), std::move(definition), options)};
}
void Pipeline::set_options(std::size_t stage, const StageOptions& options) { impl_->set_options(stage, options); }
std::size_t Pipeline::calls_at_once(const StageTraits& traits) const noexcept {
    detail::EngineImpl& engine = impl_->engine();
    return traits.blocking ? engine.io().most() : engine.threads();
}
void Pipeline::prepare() { impl_->prepare(); }
void Pipeline::check() { impl_->check(); }
void Pipeline::start() { impl_->start(); }
void Pipeline::wait() { impl_->wait(); }
void Pipeline::drain() noexcept { impl_->drain(); }
void Pipeline::cancel() noexcept { impl_->cancel(); }
void Pipeline::pause() noexcept { impl_->pause(); }
void Pipeline::resume() noexcept { impl_->resume(); }
void Pipeline::step(std::size_t items) { impl_->step(items); }
void Pipeline::seek(std::chrono::nanoseconds time, bool exact) { impl_->seek({time, exact}); }
void Pipeline::set_option(std::string_view stage, std::string_view option, std::string_view value) {
    impl_->set_option(stage, option, value);
}
bool Pipeline::paused() const noexcept { return impl_->paused(); }
bool Pipeline::finished() const noexcept { return impl_->finished(); }
void Pipeline::on_end(std::function<void(EndReason)> f) { impl_->set_on_end(std::move(f)); }
void Pipeline::on_port_added(std::function<void(const AddedPort&)> f) { impl_->set_on_port_added(std::move(f)); }
Snapshot Pipeline::snapshot() const { return impl_->snapshot(); }
std::string Pipeline::describe() const { return impl_->describe(); }

} // namespace weir
