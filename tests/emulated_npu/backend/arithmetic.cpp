// What the chip's arithmetic does to values that a CPU kernel would leave as they are.
#include "emulated_npu.h"

#include <ATen/ops/nan_to_num.h>

#include <cstring>

namespace emulated_npu {
namespace {

// HF32 keeps 11 of float32's 23 mantissa bits; to nearest, ties to even.
float to_hf32(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7F800000) == 0x7F800000) return value;
  bits = (bits + 0x7FF + ((bits >> 12) & 1)) & ~uint32_t{0xFFF};
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// "fp16", "hf32" or "": EMULATED_NPU_ROUND=matmul:fp16,conv:hf32, else what the switches allow.
std::string rounding_of(const std::string& kind) {
  static const std::string forced = setting("EMULATED_NPU_ROUND");
  auto found = forced.find(kind + ":");
  if (found != std::string::npos) return forced.substr(found + kind.size() + 1, 4);
  if (computes("float16_products")) return "fp16";
  return computes("hf32") && hf32_allowed(kind) ? "hf32" : "";
}

}  // namespace

bool is_old_chip() {
  static const std::string chip = setting("EMULATED_NPU_CHIP");
  return chip.rfind("Ascend310P", 0) == 0 || chip.rfind("Ascend910A", 0) == 0;
}

bool computes(const std::string& way) {
  static const std::string of_chip = is_old_chip() ? "gelu,weight_norm,saturation,float16_products"
                                                   : "gelu,weight_norm,hf32";
  static const std::string named = setting("EMULATED_NPU_ARITHMETIC");
  static const std::string ways = "," + (named.empty() ? of_chip : named) + ",";
  return ways.find("," + way + ",") != std::string::npos;
}

at::Tensor rounded_factor(const at::Tensor& host, const std::string& kind) {
  std::string rounding = rounding_of(kind);
  if (rounding.empty() || host.scalar_type() != at::kFloat) return host;
  if (rounding == "fp16") {
    at::Tensor half = host.to(at::kHalf);
    saturate(half);
    return half.to(at::kFloat);
  }
  at::Tensor copy = host.contiguous().clone();
  float* values = copy.mutable_data_ptr<float>();
  for (int64_t i = 0; i < copy.numel(); i++) values[i] = to_hf32(values[i]);
  return copy;
}

void saturate(const at::Tensor& host) {
  if (!host.defined() || host.scalar_type() != at::kHalf || !computes("saturation")) return;
  at::nan_to_num_(const_cast<at::Tensor&>(host), 0.0);
}

}  // namespace emulated_npu
