#pragma once
// Native oneTBB flow graphs between the stages of a pipeline. These headers, and no other public ones, include oneTBB.
#include <weir/framework/flow_graph.hpp>
#include <weir/framework/flow_guard.hpp>
#include <weir/framework/flow_message.hpp>
#include <weir/framework/flow_receiver.hpp>
#include <weir/framework/flow_sender.hpp>
