#pragma once
// The framework's whole public API but for oneTBB interoperation.
#include <weir/framework/any.hpp>
#include <weir/framework/branch.hpp>
#include <weir/framework/byte_sink.hpp>
#include <weir/framework/byte_source.hpp>
#include <weir/framework/codec_memory.hpp>
#include <weir/framework/event.hpp>
#include <weir/framework/item_sink.hpp>
#include <weir/framework/item_source.hpp>
#include <weir/framework/memory_bytes.hpp>
#include <weir/framework/offload.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/sleep.hpp>
