// What the two halves of the emulated NPU share: cards and their memory (cards.cpp), and the
// operators that run on it (operators.cpp).
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Allocator.h>
#include <c10/core/Storage.h>

#include <cstdint>
#include <string>

namespace emulated_npu {

constexpr c10::DeviceType kNpu = c10::DeviceType::PrivateUse1;

// An environment variable that switches the emulation, "" when it is unset.
std::string setting(const char* name);

// Adds to one of the counters of the report.
void count(const std::string& what, int64_t amount = 1);

// Lets an operator raise as a switch would; "" takes that back.
void plant(bool is_out_of_memory, const std::string& text);

c10::DeviceIndex current_card();
c10::Allocator* card_allocator();

// Memory that a CPU kernel has allocated becomes memory of a card, with no copy.
c10::DataPtr adopt(c10::Storage host, c10::DeviceIndex card);

// The CPU generator that draws for an NPU generator, or for a card's default one.
at::Generator host_generator(const at::Generator& generator);
at::Generator host_generator(c10::DeviceIndex card);

// Whether float32 products of a kind ("matmul" or "conv") are rounded to HF32 at present.
bool hf32_allowed(const std::string& kind);

}  // namespace emulated_npu
