#pragma once
// All that is needed to build pipelines and to run them. Besides come flow.hpp (native oneTBB graphs), graph_text.hpp and
// stage_catalog.hpp (graphs as text) and testing.hpp (a harness for one stage).
#include <weir/framework/any.hpp>
#include <weir/framework/branch.hpp>
#include <weir/framework/byte_reader.hpp>
#include <weir/framework/byte_sink.hpp>
#include <weir/framework/byte_source.hpp>
#include <weir/framework/byte_writer.hpp>
#include <weir/framework/clock.hpp>
#include <weir/framework/codec_memory.hpp>
#include <weir/framework/event.hpp>
#include <weir/framework/gap.hpp>
#include <weir/framework/item_sink.hpp>
#include <weir/framework/item_source.hpp>
#include <weir/framework/live_options.hpp>
#include <weir/framework/media_clock.hpp>
#include <weir/framework/memory_bytes.hpp>
#include <weir/framework/offload.hpp>
#include <weir/framework/pipeline.hpp>
#include <weir/framework/sleep.hpp>
#include <weir/framework/snapshot.hpp>
