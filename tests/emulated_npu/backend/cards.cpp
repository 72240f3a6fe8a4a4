// The cards: memory that counts, streams, events, generators, and the registration with torch.
#include "emulated_npu.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/GeneratorForPrivateuseone.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iomanip>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <vector>

namespace emulated_npu {
namespace {

constexpr int kMaxCards = 16;
constexpr int64_t kBlockBytes = 512;         // the allocator rounds a tensor up to this
constexpr int64_t kSegmentBytes = 2 << 20;   // and takes memory from the card in such pieces
constexpr uint64_t kSeedSalt = 0x9E3779B97F4A7C15;  // a seed gives other numbers than on the CPU

struct Card {
  int64_t allocated = 0, reserved = 0, peak_allocated = 0, peak_reserved = 0;
  at::Generator generator;
};

std::recursive_mutex mutex;
thread_local c10::DeviceIndex current = 0;
thread_local c10::StreamId current_streams[kMaxCards] = {};

std::map<std::string, int64_t>& counters() {
  static auto* values = new std::map<std::string, int64_t>;
  return *values;
}

// Cards behind an index that is malformed, or not there, are left out.
int count_visible_cards() {
  std::string installed = setting("EMULATED_NPU_CARDS");
  int cards = installed.empty() ? 2 : std::stoi(installed);
  if (std::getenv("ASCEND_RT_VISIBLE_DEVICES") == nullptr) return cards;
  std::stringstream chosen(setting("ASCEND_RT_VISIBLE_DEVICES"));
  int visible = 0;
  for (std::string index; std::getline(chosen, index, ',');) {
    int number = -1;
    const char* end = index.data() + index.size();
    auto parsed = std::from_chars(index.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < 0 || number >= cards) break;
    visible++;
  }
  return visible;
}

int card_count() {
  static const int cards = std::min(count_visible_cards(), kMaxCards);
  return cards;
}

int64_t total_memory() {
  static const std::string bytes = setting("EMULATED_NPU_MEMORY_BYTES");
  return bytes.empty() ? int64_t{64} << 30 : std::stoll(bytes);
}

Card& card(c10::DeviceIndex index) {
  static auto* cards = new std::vector<Card>(kMaxCards);
  return cards->at(index);
}

int64_t round_up(int64_t bytes, int64_t step) { return (bytes + step - 1) / step * step; }

std::string mebibytes(int64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << double(bytes) / (1 << 20) << " MiB";
  return text.str();
}

// Counts memory as taken; an ideal caching allocator, whose reserved memory never fragments.
void take(c10::DeviceIndex index, int64_t bytes) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  Card& self = card(index);
  if (self.allocated + bytes > total_memory()) {
    count("out_of_memory");
    TORCH_CHECK_WITH(
        OutOfMemoryError, false, "NPU out of memory. Tried to allocate ", mebibytes(bytes),
        " (NPU ", int(index), "; ", mebibytes(total_memory()), " total capacity; ",
        mebibytes(self.allocated), " already allocated; ",
        mebibytes(total_memory() - self.allocated), " free; ", mebibytes(self.reserved),
        " reserved in total by PyTorch) If reserved memory is >> allocated memory try setting "
        "max_split_size_mb to avoid fragmentation.");
  }
  self.allocated += bytes;
  self.reserved = std::max(self.reserved, round_up(self.allocated, kSegmentBytes));
  self.peak_allocated = std::max(self.peak_allocated, self.allocated);
  self.peak_reserved = std::max(self.peak_reserved, self.reserved);
}

struct Block {
  void* own;           // memory that this block has to free, or
  c10::Storage host;   // memory of a CPU kernel, kept alive
  int64_t bytes;
  c10::DeviceIndex index;
};

void release(void* context) {
  auto* block = static_cast<Block*>(context);
  {
    std::lock_guard<std::recursive_mutex> lock(mutex);
    card(block->index).allocated -= block->bytes;
  }
  if (block->own) c10::free_cpu(block->own);
  delete block;
}

// torch_npu reads its allocator's settings at the first allocation, and takes one variable only.
void refuse_two_settings() {
  static const bool both =
      std::getenv("PYTORCH_NPU_ALLOC_CONF") != nullptr && std::getenv("PYTORCH_ALLOC_CONF") != nullptr;
  TORCH_CHECK(!both, "PYTORCH_NPU_ALLOC_CONF and PYTORCH_ALLOC_CONF have been set, please set only "
                     "one of them.");
}

struct CardAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    static const bool poisoned = setting("EMULATED_NPU_POISON") == "1";
    refuse_two_settings();
    int64_t rounded = round_up(int64_t(bytes), kBlockBytes);
    take(current, rounded);
    void* data = bytes ? c10::alloc_cpu(bytes) : nullptr;
    if (poisoned && data) std::memset(data, 0xFF, bytes);  // NaN in every floating dtype
    auto* block = new Block{data, {}, rounded, current};
    return {data, block, &release, c10::Device(kNpu, current)};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

struct PinnedAllocator final : c10::Allocator {
  static std::set<const void*>& pinned() {
    static auto* pointers = new std::set<const void*>;
    return *pointers;
  }
  c10::DataPtr allocate(size_t bytes) override {
    void* data = c10::alloc_cpu(bytes);
    std::lock_guard<std::recursive_mutex> lock(mutex);
    pinned().insert(data);
    return {data, data, &unpin, c10::Device(c10::kCPU)};
  }
  static void unpin(void* data) {
    std::lock_guard<std::recursive_mutex> lock(mutex);
    pinned().erase(data);
    c10::free_cpu(data);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

CardAllocator allocator;
PinnedAllocator pinned_allocator;

struct NpuGenerator final : c10::GeneratorImpl {
  explicit NpuGenerator(c10::DeviceIndex index)
      : GeneratorImpl({kNpu, index}, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
        host(at::detail::createCPUGenerator(c10::default_rng_seed_val ^ kSeedSalt)) {}
  void set_current_seed(uint64_t seed) override { host.set_current_seed(seed ^ kSeedSalt); }
  uint64_t current_seed() const override { return host.current_seed() ^ kSeedSalt; }
  void set_offset(uint64_t) override {}
  uint64_t get_offset() const override { return 0; }
  uint64_t seed() override { return host.seed() ^ kSeedSalt; }
  void set_state(const c10::TensorImpl& state) override {
    host.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return host.unsafeGetGeneratorImpl()->get_state();
  }
  NpuGenerator* clone_impl() const override {
    auto* copy = new NpuGenerator(device().index());
    copy->set_state(*get_state());
    return copy;
  }
  at::Generator host;
};

at::Generator make_generator(c10::DeviceIndex index) {
  return at::make_generator<NpuGenerator>(index < 0 ? current : index);
}

const at::Generator& default_generator(c10::DeviceIndex index) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  index = index < 0 ? current : index;
  at::Generator& generator = card(index).generator;
  if (!generator.defined()) generator = make_generator(index);
  return generator;
}

double now_ms() {
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now().time_since_epoch();
  return time.count();
}

c10::DeviceIndex checked(c10::DeviceIndex index) {
  TORCH_CHECK(index >= 0 && index < card_count(), "Invalid NPU device ID ", int(index), ": ",
              card_count(), " visible");
  return index;
}

// Every operator has run when its call returns, so streams only have names and nothing waits.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kNpu; }
  c10::Device getDevice() const override { return {kNpu, current}; }
  void setDevice(c10::Device device) const override {
    if (device.has_index()) current = checked(device.index());
  }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    if (device.has_index()) current = device.index();
  }
  c10::Device exchangeDevice(c10::Device device) const override {
    c10::Device before = getDevice();
    setDevice(device);
    return before;
  }
  c10::DeviceIndex deviceCount() const noexcept override { return card_count(); }

  c10::Stream stream(c10::StreamId id, c10::DeviceIndex index) const {
    return c10::Stream(c10::Stream::UNSAFE, {kNpu, index < 0 ? current : index}, id);
  }
  c10::Stream getStream(c10::Device device) const override {
    c10::DeviceIndex index = device.has_index() ? device.index() : current;
    return stream(current_streams[index], index);
  }
  c10::Stream getDefaultStream(c10::Device device) const override {
    return stream(0, device.index());
  }
  c10::Stream getNewStream(c10::Device device, int) const override {
    static std::atomic<c10::StreamId> created = 0;
    return stream(++created, device.index());
  }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override {
    return getNewStream(device, 0);
  }
  c10::Stream exchangeStream(c10::Stream next) const override {
    c10::Stream before = getStream(next.device());
    current_streams[next.device_index()] = next.id();
    return before;
  }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { count("synchronize"); }
  void synchronizeDevice(c10::DeviceIndex) const override { count("synchronize"); }

  void record(void** event, const c10::Stream&, c10::DeviceIndex,
              c10::EventFlag) const override {
    if (!*event) *event = new double;
    *static_cast<double*>(*event) = now_ms();
  }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override {
    delete static_cast<double*>(event);
  }
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override { count("synchronize"); }
  double elapsedTime(void* start, void* end, c10::DeviceIndex) const override {
    TORCH_CHECK(start && end, "Both events must be recorded before calculating elapsed time.");
    return *static_cast<double*>(end) - *static_cast<double*>(start);
  }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return card_count() > 0; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return card_count(); }
  void setCurrentDevice(c10::DeviceIndex index) const override { current = checked(index); }
  c10::DeviceIndex getCurrentDevice() const override { return current; }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex index) const override {
    c10::DeviceIndex before = current;
    current = checked(index);
    return before;
  }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex index) const override {
    return exchangeDevice(index < 0 ? current : index);
  }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex index) const override {
    return default_generator(index);
  }
  at::Generator getNewGenerator(c10::DeviceIndex index) const override {
    return make_generator(index);
  }
  bool isPinnedPtr(const void* data) const override {
    std::lock_guard<std::recursive_mutex> lock(mutex);
    return PinnedAllocator::pinned().count(data) > 0;
  }
  at::Allocator* getPinnedMemoryAllocator() const override { return &pinned_allocator; }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);
REGISTER_ALLOCATOR(c10::DeviceType::PrivateUse1, &allocator);
[[maybe_unused]] const bool hooks_registered =
    (at::RegisterPrivateUse1HooksInterface(new Hooks), true);

bool hf32_switches[2] = {false, true};  // matmul, conv: the defaults of torch_npu

}  // namespace

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void count(const std::string& what, int64_t amount) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  counters()[what] += amount;
}

c10::DeviceIndex current_card() { return current; }

c10::Allocator* card_allocator() { return &allocator; }

c10::DataPtr adopt(c10::Storage host, c10::DeviceIndex index) {
  int64_t rounded = round_up(int64_t(host.nbytes()), kBlockBytes);
  take(index, rounded);
  void* data = host.mutable_data();
  return {data, new Block{nullptr, std::move(host), rounded, index}, &release, {kNpu, index}};
}

at::Generator host_generator(const at::Generator& generator) {
  return static_cast<NpuGenerator*>(generator.unsafeGetGeneratorImpl())->host;
}

at::Generator host_generator(c10::DeviceIndex index) {
  return host_generator(default_generator(index));
}

bool hf32_allowed(const std::string& kind) { return hf32_switches[kind == "conv"]; }

}  // namespace emulated_npu

// What the Python half calls through ctypes; it checks indices before it calls.
extern "C" {

int emulated_npu_card_count() { return emulated_npu::card_count(); }
int emulated_npu_current_card() { return emulated_npu::current; }
void emulated_npu_set_card(int index) { emulated_npu::current = c10::DeviceIndex(index); }
int64_t emulated_npu_total_memory() { return emulated_npu::total_memory(); }
void emulated_npu_synchronize() { emulated_npu::count("synchronize"); }
void emulated_npu_count(const char* what) { emulated_npu::count(what); }
void emulated_npu_set_hf32(int is_conv, int allowed) {
  emulated_npu::hf32_switches[is_conv] = allowed;
}
int emulated_npu_get_hf32(int is_conv) { return emulated_npu::hf32_switches[is_conv]; }
void emulated_npu_seed(int index, uint64_t seed) {
  auto generator = emulated_npu::default_generator(c10::DeviceIndex(index));
  generator.set_current_seed(seed);
}
void emulated_npu_plant(int is_out_of_memory, const char* text) {
  emulated_npu::plant(is_out_of_memory, text);
}
uint64_t emulated_npu_initial_seed(int index) {
  return emulated_npu::default_generator(c10::DeviceIndex(index)).current_seed();
}

// Figures of one card: allocated, reserved, peak of each.
void emulated_npu_memory(int index, int64_t* figures) {
  std::lock_guard<std::recursive_mutex> lock(emulated_npu::mutex);
  auto& card = emulated_npu::card(c10::DeviceIndex(index));
  const int64_t values[] = {card.allocated, card.reserved, card.peak_allocated,
                            card.peak_reserved};
  std::copy(std::begin(values), std::end(values), figures);
}

void emulated_npu_reset_peak(int index) {
  std::lock_guard<std::recursive_mutex> lock(emulated_npu::mutex);
  auto& card = emulated_npu::card(c10::DeviceIndex(index));
  card.peak_allocated = card.allocated;
  card.peak_reserved = card.reserved;
}

void emulated_npu_empty_cache() {
  std::lock_guard<std::recursive_mutex> lock(emulated_npu::mutex);
  for (int index = 0; index < emulated_npu::card_count(); index++) {
    auto& card = emulated_npu::card(c10::DeviceIndex(index));
    card.reserved = emulated_npu::round_up(card.allocated, emulated_npu::kSegmentBytes);
  }
}

// The counters as a JSON object; the text is valid until the next call.
const char* emulated_npu_counters() {
  static std::string text;
  std::lock_guard<std::recursive_mutex> lock(emulated_npu::mutex);
  std::ostringstream json;
  for (auto& [name, value] : emulated_npu::counters()) {
    json << (json.tellp() > 0 ? "," : "") << '"' << name << "\":" << value;
  }
  text = "{" + json.str() + "}";
  return text.c_str();
}

void emulated_npu_reset_counters() {
  std::lock_guard<std::recursive_mutex> lock(emulated_npu::mutex);
  emulated_npu::counters().clear();
}
}
