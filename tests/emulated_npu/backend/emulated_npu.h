// What the parts of the emulated NPU share: cards and their memory (cards.cpp), the operators that
// run on it (operators.cpp), and what its arithmetic does to their values (arithmetic.cpp).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
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

// Whether float32 products of a kind ("matmul" or "conv") may be rounded to HF32 at present.
bool hf32_allowed(const std::string& kind);

// Whether the chip is from before the 910B: a 310P or a 910A.
bool is_old_chip();

// Whether values come out as on the chip, not as on the CPU: "gelu", "hf32", "saturation",
// "weight_norm" or "float16_products".
bool computes(const std::string& way);

// A factor of a float32 product of a kind ("matmul" or "conv"), rounded as the chip rounds it.
at::Tensor rounded_factor(const at::Tensor& host, const std::string& kind);

// Lets float16 values on the host end at the largest one where the chip does, and NaN become 0.
void saturate(const at::Tensor& host);

}  // namespace emulated_npu
