// The operators: each runs its CPU kernel on host tensors that share the card's memory.
#include "emulated_npu.h"

#include <ATen/EmptyTensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_to_copy_native.h>
#include <ATen/ops/_weight_norm_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/norm_except_dim.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/TensorImpl.h>
#include <torch/library.h>

#include <atomic>
#include <cstdio>
#include <set>
#include <unordered_map>
#include <vector>

namespace emulated_npu {
namespace {

using torch::jit::Stack;

const c10::DispatchKeySet kCardKeys(c10::DispatchKey::PrivateUse1);
const c10::DispatchKeySet kHostKeys(c10::DispatchKey::CPU);

bool on_card(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kNpu;
}

at::Tensor shaped(at::Tensor tensor, const at::Tensor& like) {
  auto* impl = tensor.unsafeGetTensorImpl();
  impl->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  if (like.unsafeGetTensorImpl()->is_wrapped_number()) impl->set_wrapped_number(true);
  if (like.is_conj()) tensor._set_conj(true);
  return tensor;
}

at::Tensor make_tensor(c10::Storage storage, c10::DispatchKeySet keys, const at::Tensor& like) {
  return shaped(at::detail::make_tensor<c10::TensorImpl>(std::move(storage), keys, like.dtype()),
                like);
}

// A view is an inference tensor, or takes part in autograd, as its base is.
at::Tensor make_view(const at::Tensor& base, const at::Tensor& like) {
  return shaped(at::detail::make_tensor<c10::TensorImpl>(
                    c10::TensorImpl::VIEW, c10::Storage(base.storage()), base.key_set(),
                    like.dtype()),
                like);
}

// Host tensors over the memory of card tensors, for the time of one operator call. Tensors that
// share a storage on the card share one on the host, so that CPU kernels see every overlap.
class HostView {
 public:
  at::Tensor to_host(const at::Tensor& tensor) {
    if (!on_card(tensor)) return tensor;
    at::Tensor host = make_tensor(host_storage(tensor.storage()), kHostKeys, tensor);
    pairs_.push_back({tensor, host});
    return host;
  }

  // A result of a CPU kernel: an argument itself, a view of one, or new memory.
  at::Tensor to_card(const at::Tensor& result, c10::DeviceIndex card) {
    if (!result.defined()) return result;
    for (auto& pair : pairs_) {
      if (pair.host.is_same(result)) return pair.card;
      if (pair.host.is_alias_of(result)) return make_view(pair.card, result);
    }
    auto* host = result.storage().unsafeGetStorageImpl();
    auto known = adopted_.find(host);
    if (known == adopted_.end()) {
      auto storage = c10::make_intrusive<c10::StorageImpl>(
          c10::StorageImpl::use_byte_size_t(), result.storage().nbytes(),
          adopt(result.storage(), card), card_allocator(), /*resizable=*/true);
      known = adopted_.emplace(host, c10::Storage(std::move(storage))).first;
      if (result.scalar_type() == at::kDouble) count("float64_tensors");
    }
    return make_tensor(known->second, kCardKeys, result);
  }

  // An out= argument may have been given another shape, and with it other memory.
  void write_back() {
    for (auto& pair : pairs_) {
      auto* card = pair.card.storage().unsafeGetStorageImpl();
      auto* host = pair.host.storage().unsafeGetStorageImpl();
      if (host->data() != card->data() || host->nbytes() != card->nbytes()) {
        card->set_data_ptr_noswap(adopt(pair.host.storage(), pair.card.device().index()));
        card->set_nbytes(host->nbytes());
      }
      if (pair.host.sizes() != pair.card.sizes() || pair.host.strides() != pair.card.strides()) {
        pair.card.unsafeGetTensorImpl()->set_sizes_and_strides(
            pair.host.sizes(), pair.host.strides(), pair.host.storage_offset());
      }
    }
  }

 private:
  struct Pair {
    at::Tensor card, host;
  };

  c10::Storage host_storage(const c10::Storage& card) {
    auto known = host_storages_.find(card.unsafeGetStorageImpl());
    if (known != host_storages_.end()) return known->second;
    c10::Storage host(c10::make_intrusive<c10::StorageImpl>(
        c10::StorageImpl::use_byte_size_t(), card.nbytes(),
        c10::DataPtr(card.unsafeGetStorageImpl()->mutable_data(), c10::kCPU),
        c10::GetCPUAllocator(), /*resizable=*/true));
    host_storages_.emplace(card.unsafeGetStorageImpl(), host);
    return host;
  }

  std::vector<Pair> pairs_;
  std::unordered_map<c10::StorageImpl*, c10::Storage> host_storages_, adopted_;
};

// Which arguments of an operator are multiplied as matrices.
const std::unordered_map<std::string, std::vector<size_t>> kFactors = {
    {"aten::mm", {0, 1}},      {"aten::bmm", {0, 1}},    {"aten::mv", {0, 1}},
    {"aten::dot", {0, 1}},     {"aten::addmm", {1, 2}},  {"aten::baddbmm", {1, 2}},
    {"aten::addbmm", {1, 2}},  {"aten::addmv", {1, 2}},  {"aten::_addmm_activation", {1, 2}},
};

// ---- faults and counters --------------------------------------------------------------------

// A switch that names an operator: aten::bmm for each call of it, aten::bmm@3 for the third.
class OperatorSwitch {
 public:
  explicit OperatorSwitch(const std::string& text) { set(text); }
  void set(const std::string& text) {
    name_ = text.substr(0, text.find('@'));
    call_ = text.size() > name_.size() ? std::stoi(text.substr(name_.size() + 1)) : 0;
    calls_ = 0;
  }
  bool is_due(const std::string& name) {
    return name == name_ && (call_ == 0 || ++calls_ == call_);
  }

 private:
  std::string name_;
  int call_ = 0;
  std::atomic<int> calls_ = 0;
};

OperatorSwitch& broken() {
  static OperatorSwitch planted(setting("EMULATED_NPU_RAISE_OP"));
  return planted;
}

OperatorSwitch& starved() {
  static OperatorSwitch planted(setting("EMULATED_NPU_OUT_OF_MEMORY_OP"));
  return planted;
}

void raise_if_asked(const std::string& name) {
  TORCH_CHECK(!broken().is_due(name), "call ", name, " failed, detail:EZ9999: Inner Error!\n",
              "[ERROR] ERR00100 PTA call acl api failed");
  if (starved().is_due(name)) {
    count("out_of_memory");
    TORCH_CHECK_WITH(OutOfMemoryError, false, "NPU out of memory. Tried to allocate 2.00 GiB");
  }
}

// What every operator begins with.
void begin(const std::string& name) {
  count("operators");
  count("operator." + name);
  raise_if_asked(name);
}

// EMULATED_NPU_FALLBACK_OPS=aten::cumsum,aten::sort: operators that the chip does not have.
void fall_back_if_asked(const std::string& name) {
  static const std::string missing = "," + setting("EMULATED_NPU_FALLBACK_OPS") + ",";
  if (missing.find("," + name + ",") == std::string::npos) return;
  TORCH_CHECK(setting("TORCH_NPU_FALLBACK_CPU_DISABLE") != "1", "The operator '", name,
              "' is not currently supported on the NPU backend, and falling back to the CPU is "
              "disabled by TORCH_NPU_FALLBACK_CPU_DISABLE.");
  count("fallback");
  count("fallback." + name);
  static std::set<std::string> named;
  if (!named.insert(name).second) return;
  TORCH_WARN("CAUTION: The operator '", name,
             "' is not currently supported on the NPU backend and will fall back to run on the "
             "CPU. This may have performance implications.");
}

// float64 may be stored, moved and filled; computing with it is refused.
void refuse_float64(const std::string& name) {
  static const std::set<std::string> harmless = {
      "aten::view",  "aten::as_strided", "aten::_reshape_alias", "aten::unfold",
      "aten::fill_", "aten::zero_",      "aten::resize_",
  };
  if (harmless.count(name)) return;
  count("float64_operators");
  TORCH_CHECK(false, "call ", name, " failed: DT_DOUBLE is not supported by the NPU.");
}

// EMULATED_NPU_NOISE=1: native code that prints to stdout while the model runs.
void print_noise() {
  static const bool noisy = setting("EMULATED_NPU_NOISE") == "1";
  if (noisy) std::printf("[INFO] ASCENDCL(emulated): aclnnConvolution launched\n");
}

// The host has to wait for these, since their results have a shape or value it needs.
bool waits_for_card(const std::string& name) {
  static const std::set<std::string> waiting = {"aten::nonzero", "aten::masked_select",
                                                "aten::equal",   "aten::_unique2",
                                                "aten::unique_dim"};
  return waiting.count(name) > 0;
}

// ---- the kernel of every operator that has none of its own ----------------------------------

class Call {
 public:
  Call(const c10::OperatorHandle& op, Stack* stack)
      : op_(op), name_(op.schema().name()), stack_(stack), arguments_(op.schema().arguments()) {}

  void run() {
    begin(name_);
    fall_back_if_asked(name_);
    if (waits_for_card(name_)) count("implicit_synchronize");
    find_card();
    for (size_t i = 0; i < arguments_.size(); i++) argument(i) = host_argument(i);
    round_factors();
    choose_gelu();
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    op_.callBoxed(stack_);
    saturate_results();
    view_.write_back();
    for (size_t i = 0; i < op_.schema().returns().size(); i++) {
      c10::IValue& result = (*stack_)[stack_->size() - op_.schema().returns().size() + i];
      result = card_result(result);
    }
  }

 private:
  c10::IValue& argument(size_t i) { return (*stack_)[stack_->size() - arguments_.size() + i]; }

  // All tensors must be on one card, save scalars of the CPU and the indices of `index`.
  void find_card() {
    for (size_t i = 0; i < arguments_.size(); i++) {
      const c10::IValue& value = argument(i);
      if (value.isTensor()) see(value.toTensor(), i);
      if (value.isTensorList()) {
        for (const at::Tensor& tensor : value.toTensorVector()) see(tensor, i);
      }
      if (value.isOptionalTensorList()) {
        for (const auto& tensor : value.toOptionalTensorVector()) {
          if (tensor && on_card(*tensor)) see(*tensor, i);
        }
      }
      if (value.isDevice() && card_ < 0 && value.toDevice().type() == kNpu) {
        c10::DeviceIndex index = value.toDevice().index();
        card_ = index < 0 ? current_card() : index;
      }
    }
    if (card_ < 0) card_ = current_card();
  }

  void see(const at::Tensor& tensor, size_t i) {
    if (!tensor.defined() || (tensor.device().is_cpu() && tensor.dim() == 0)) return;
    c10::Device device = tensor.device();
    c10::Device expected(kNpu, card_ < 0 ? device.index() : card_);
    if (device.type() == kNpu && card_ < 0) card_ = device.index();
    TORCH_CHECK(device == expected,
                "Expected all tensors to be on the same device, but found at least two devices, ",
                expected, " and ", device, "! (when checking argument for argument ",
                arguments_[i].name(), " in method ", name_, ")");
    if (tensor.scalar_type() == at::kDouble) refuse_float64(name_);
  }

  c10::IValue host_argument(size_t i) {
    const c10::IValue& value = argument(i);
    if (value.isTensor()) return view_.to_host(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(view_.to_host(tensor));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const auto& tensor : value.toOptionalTensorVector()) {
        bool is_mask = tensor && tensor->defined() && tensor->scalar_type() == at::kBool;
        if (is_mask) count("implicit_synchronize");
        list.push_back(tensor ? std::optional(view_.to_host(*tensor)) : std::nullopt);
      }
      return list;
    }
    if (value.isDevice()) return c10::Device(c10::kCPU);
    if (value.isGenerator()) {
      at::Generator generator = value.toGenerator();
      return generator.device().type() == kNpu ? host_generator(generator) : generator;
    }
    if (value.isNone() && arguments_[i].name() == "generator") return host_generator(card_);
    return value;
  }

  void round_factors() {
    auto factors = kFactors.find(name_);
    if (factors == kFactors.end()) return;
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    for (size_t i : factors->second) {
      argument(i) = rounded_factor(argument(i).toTensor(), "matmul");
    }
  }

  // `aten::gelu` of torch_npu is the tanh form, whatever is asked for.
  void choose_gelu() {
    static const std::set<std::string> forms = {"aten::gelu", "aten::gelu_", "aten::gelu_backward"};
    if (!forms.count(name_) || !computes("gelu")) return;
    for (size_t i = 0; i < arguments_.size(); i++) {
      if (arguments_[i].name() == "approximate") argument(i) = "tanh";
    }
  }

  // What an operator computes, not what it moves or shows in another shape.
  void saturate_results() {
    static const std::set<std::string> moving = {
        "aten::fill_",       "aten::masked_fill", "aten::masked_fill_", "aten::where",
        "aten::cat",         "aten::index",       "aten::index_fill_",  "aten::index_select",
        "aten::gather",      "aten::flip",        "aten::repeat",       "aten::constant_pad_nd",
        "aten::index_put_",  "aten::_index_put_impl_", "aten::index_copy_", "aten::roll",
    };
    const auto& returns = op_.schema().returns();
    if (moving.count(name_)) return;
    for (size_t i = 0; i < returns.size(); i++) {
      const c10::IValue& result = (*stack_)[stack_->size() - returns.size() + i];
      bool is_view = returns[i].alias_info() && !returns[i].alias_info()->isWrite();
      if (result.isTensor() && !is_view) saturate(result.toTensor());
    }
  }

  c10::IValue card_result(const c10::IValue& value) {
    if (value.isTensor()) return view_.to_card(value.toTensor(), card_);
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) {
      list.push_back(view_.to_card(tensor, card_));
    }
    return list;
  }

  const c10::OperatorHandle& op_;
  const std::string name_;
  Stack* stack_;
  const std::vector<c10::Argument>& arguments_;
  HostView view_;
  c10::DeviceIndex card_ = -1;
};

void run_on_host(const c10::OperatorHandle& op, Stack* stack) { Call(op, stack).run(); }

// ---- operators that need a kernel of their own ----------------------------------------------

at::ScalarType counted_dtype(std::optional<at::ScalarType> dtype) {
  at::ScalarType chosen = dtype.value_or(c10::get_default_dtype_as_scalartype());
  if (chosen == at::kDouble) count("float64_tensors");
  return chosen;
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> dtype,
                 std::optional<at::Layout>, std::optional<at::Device> device,
                 std::optional<bool>, std::optional<at::MemoryFormat> format) {
  begin("aten::empty");
  c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(size, card_allocator(), kCardKeys, counted_dtype(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                         std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device> device, std::optional<bool>) {
  begin("aten::empty_strided");
  c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(size, stride, card_allocator(), kCardKeys,
                                           counted_dtype(dtype));
}

void count_copy(const at::Tensor& from, const at::Tensor& to) {
  std::string kind = !on_card(from)                       ? "copy_to_card"
                     : !on_card(to)                       ? "copy_to_host"
                     : from.device() == to.device()       ? "copy_on_card"
                                                          : "copy_between_cards";
  count(kind);
  count(kind + "_bytes", int64_t(to.nbytes()));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  begin("aten::copy_");
  count_copy(from, to);
  HostView view;
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  at::Tensor target = view.to_host(to);
  target.copy_(view.to_host(from));
  if (on_card(from) && from.scalar_type() != to.scalar_type()) saturate(target);
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar local_scalar_dense(const at::Tensor& tensor) {
  begin("aten::_local_scalar_dense");
  count("implicit_synchronize");
  HostView view;
  return at::_local_scalar_dense(view.to_host(tensor));
}

// As on the device: `.double()` and `.to(float64)` give float32 and one warning.
at::Tensor to_copy(const at::Tensor& self, std::optional<at::ScalarType> dtype,
                   std::optional<at::Layout> layout, std::optional<at::Device> device,
                   std::optional<bool> pin_memory, bool non_blocking,
                   std::optional<at::MemoryFormat> format) {
  bool stays = !device || device->type() == kNpu;
  if (stays && dtype == at::kDouble && self.scalar_type() != at::kDouble) {
    count("float64_requests");
    TORCH_WARN_ONCE("Device do not support double dtype now, dtype cast replace with float.");
    dtype = at::kFloat;
  }
  return at::native::_to_copy(self, dtype, layout, device, pin_memory, non_blocking, format);
}

at::Tensor& set_storage(at::Tensor& self, at::Storage source, int64_t offset, at::IntArrayRef size,
                        at::IntArrayRef stride) {
  auto* impl = self.unsafeGetTensorImpl();
  impl->set_storage_keep_dtype(std::move(source));
  impl->set_storage_offset(offset);
  if (stride.empty() && !size.empty()) {
    impl->set_sizes_contiguous(size);
  } else {
    impl->set_sizes_and_strides(size, stride);
  }
  return self;
}

at::Tensor& set_whole_storage(at::Tensor& self, at::Storage source) {
  int64_t elements = int64_t(source.nbytes() / self.element_size());
  return set_storage(self, std::move(source), 0, {elements}, {});
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight,
                       const std::optional<at::Tensor>& bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  static const std::string name = "aten::convolution_overrideable";
  begin(name);
  print_noise();
  TORCH_CHECK(input.device() == weight.device(),
              "Expected all tensors to be on the same device, but found at least two devices, ",
              input.device(), " and ", weight.device(), "! (when checking argument for argument ",
              "weight in method ", name, ")");
  if (input.scalar_type() == at::kDouble) refuse_float64(name);
  HostView view;
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  at::Tensor result = at::convolution(
      rounded_factor(view.to_host(input), "conv"), rounded_factor(view.to_host(weight), "conv"),
      bias && bias->defined() ? std::optional(view.to_host(*bias)) : std::nullopt, stride, padding,
      dilation, transposed, output_padding, groups);
  saturate(result);
  return view.to_card(result, input.device().index());
}

// The form that is asked for, which chips before the 910B do not have.
at::Tensor npu_gelu(const at::Tensor& input, std::string_view approximate) {
  static const std::string name = "npu::npu_gelu";
  begin(name);
  TORCH_CHECK(!is_old_chip(), "call aclnnGeluV2 failed, detail:EZ1001: AclNN_Parameter_Error(",
              "EZ1001): the chip does not support this operator.\n",
              "[ERROR] ERR00100 PTA call acl api failed");
  if (input.scalar_type() == at::kDouble) refuse_float64(name);
  HostView view;
  at::AutoDispatchBelowADInplaceOrView below_autograd;
  at::Tensor result = at::gelu(view.to_host(input), approximate);
  saturate(result);
  return view.to_card(result, input.device().index());
}

// torch_npu has no fused formula, and normalises 16-bit values as they are.
at::Tensor weight_norm(const at::Tensor& v, const at::Tensor& g, int64_t dim) {
  begin("aten::_weight_norm");
  if (!computes("weight_norm")) return at::native::_weight_norm(v, g, dim);
  at::Tensor direction = v.contiguous();
  return direction * (g.contiguous() / at::norm_except_dim(direction, 2, dim));
}

TORCH_LIBRARY(npu, library) {
  library.def("npu_gelu(Tensor input, *, str approximate='none') -> Tensor");
}

TORCH_LIBRARY_IMPL(npu, PrivateUse1, library) { library.impl("npu_gelu", &npu_gelu); }

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
}

// A copy resolves a lazy conjugation itself; torch's own way to resolve it is a copy.
TORCH_LIBRARY_IMPL(aten, Conjugate, library) {
  library.impl("_copy_from", torch::CppFunction::makeFallthrough());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("_local_scalar_dense", &local_scalar_dense);
  library.impl("_to_copy", &to_copy);
  library.impl("set_.source_Storage_storage_offset", &set_storage);
  library.impl("set_.source_Storage", &set_whole_storage);
  library.impl("convolution_overrideable", &convolution);
  library.impl("_weight_norm", &weight_norm);
  // The first two have a decomposition; the card has a kernel, as the CPU does.
  for (const char* name : {"native_layer_norm", "native_group_norm", "gelu"}) {
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
  }
}

}  // namespace

void plant(bool is_out_of_memory, const std::string& text) {
  (is_out_of_memory ? starved() : broken()).set(text);
}

}  // namespace emulated_npu
