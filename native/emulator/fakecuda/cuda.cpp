// libcuda.so.1: CUDA's driver API over the emulator. Types and numbers are those of cuda.h, written down here because a machine that
// runs the tests need not have it.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "../emulator.h"
#include "fakecuda.h"

#define API FAKECUDA_EXPORT int

void fakecuda_forgetFailures();

using Work = std::function<int()>;

struct FakeStream {
  bool capturing = false;
  bool spoiled = false;
  std::vector<Work> captured;
};

namespace {

enum Status {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  INVALID_HANDLE = 400,
  ILLEGAL_STATE = 401,
  NOT_FOUND = 500,
  NOT_SUPPORTED = 801,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
};

const std::map<int, const char*> NAMES = {
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE"},
    {INVALID_PTX, "CUDA_ERROR_INVALID_PTX"},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"},
    {ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
    {600, "CUDA_ERROR_NOT_READY"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
    {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
};

constexpr int64_t GIBIBYTE = int64_t{1} << 30;
constexpr int DEFAULT_SHARED_BYTES = 48 << 10;

struct Event {
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
};
struct Module {
  std::map<std::string, int> argumentBytes;
};
struct Function {
  std::string name;
  int argumentBytes;
  int sharedBytesLimit = DEFAULT_SHARED_BYTES;
};
struct Graph {
  std::vector<Work> work;
};
struct GraphExec {
  std::vector<Work> work;
};
struct Context {
  int retained = 0;
};

// Living objects of one kind: a pointer is a handle only as long as its object lives.
template <typename T>
class Registry {
 public:
  T* add(T value = {}) {
    auto object = std::make_unique<T>(std::move(value));
    T* handle = object.get();
    objects.emplace(handle, std::move(object));
    fakecuda_count(1);
    return handle;
  }
  bool has(T* handle) const { return objects.count(handle) > 0; }
  bool remove(T* handle) {
    bool removed = objects.erase(handle) > 0;
    fakecuda_count(removed ? -1 : 0);
    return removed;
  }
  void clear() {
    fakecuda_count(-static_cast<int>(objects.size()));
    objects.clear();
  }

 private:
  std::map<T*, std::unique_ptr<T>> objects;
};

std::recursive_mutex mutex;
bool initialized = false;
int driverVersion = 13000;
int deviceCount = 1;
int capability = 80;
int64_t memoryBytes = GIBIBYTE;
// What every call returns once the device is lost.
int sticky = SUCCESS;
Context primary;
thread_local Context* current = nullptr;
std::map<uint64_t, uint64_t> blocks;
std::set<void*> pinned;
Registry<FakeStream> streams;
Registry<Event> events;
Registry<Module> modules;
std::map<std::string, std::unique_ptr<Function>> functions;
Registry<Graph> graphs;
Registry<GraphExec> graphExecs;

bool loses(int status) { return status == 214 || (status >= 700 && status < 720); }

// What is the matter before a call begins: an ordered failure, a lost device, no context on this thread.
int obstacle(const char* function, bool needsContext = true) {
  if (int ordered = fakecuda_failure(function)) {
    if (loses(ordered)) {
      sticky = ordered;
    }
    return ordered;
  }
  if (!needsContext) {
    return SUCCESS;
  }
  if (sticky != SUCCESS) {
    return sticky;
  }
  return current == &primary && primary.retained > 0 ? SUCCESS : INVALID_CONTEXT;
}

#define ENTER(...)                                        \
  std::lock_guard lock(mutex);                            \
  if (int failed = obstacle(__func__ __VA_OPT__(, ) __VA_ARGS__)) { \
    return failed;                                        \
  }                                                       \
  static_assert(true)

// A fault of work that was queued surfaces at the next call.
void runNow(const Work& work) {
  if (work() != EMULATOR_OK) {
    sticky = LAUNCH_FAILED;
  }
}

int submit(FakeStream* stream, Work work) {
  if (!streams.has(stream)) {
    return INVALID_HANDLE;
  }
  if (stream->capturing) {
    stream->captured.push_back(std::move(work));
  } else {
    runNow(work);
  }
  return SUCCESS;
}

bool insideBlock(uint64_t address, uint64_t bytes) {
  auto next = blocks.upper_bound(address);
  return next != blocks.begin() && bytes <= std::prev(next)->second && address - std::prev(next)->first <= std::prev(next)->second - bytes;
}

void freeAll() {
  fakecuda_count(-static_cast<int>(blocks.size() + pinned.size()));
  for (auto [address, bytes] : blocks) {
    emulator_free(address);
  }
  for (void* memory : pinned) {
    free(memory);
  }
  blocks.clear();
  pinned.clear();
  streams.clear();
  events.clear();
  modules.clear();
  functions.clear();
  graphs.clear();
  graphExecs.clear();
}

}  // namespace

// ---- For tests and libcublasLt ----------------------------------------------------------------------------------------------

void fakecuda_configure(const char* property, int64_t value) {
  std::lock_guard lock(mutex);
  std::string name = property;
  if (name == "driver_version") {
    driverVersion = static_cast<int>(value);
  } else if (name == "device_count") {
    deviceCount = static_cast<int>(value);
  } else if (name == "capability") {
    capability = static_cast<int>(value);
  } else if (name == "memory_bytes") {
    memoryBytes = value;
  } else {
    abort();
  }
}

void fakecuda_reset() {
  std::lock_guard lock(mutex);
  fakecuda_forgetFailures();
  driverVersion = 13000;
  deviceCount = 1;
  capability = 80;
  memoryBytes = GIBIBYTE;
}

bool fakecuda_submit(FakeStream* stream, const std::function<int()>& work) {
  std::lock_guard lock(mutex);
  return sticky == SUCCESS && submit(stream, work) == SUCCESS;
}

// ---- Devices and contexts ---------------------------------------------------------------------------------------------------

API cuGetErrorName(int status, const char** name) {
  auto known = NAMES.find(status);
  *name = known == NAMES.end() ? nullptr : known->second;
  return known == NAMES.end() ? INVALID_VALUE : SUCCESS;
}

API cuDriverGetVersion(int* version) {
  ENTER(false);
  *version = driverVersion;
  return SUCCESS;
}

API cuInit(unsigned flags) {
  ENTER(false);
  if (flags != 0) {
    return INVALID_VALUE;
  }
  initialized = deviceCount > 0;
  return initialized ? SUCCESS : NO_DEVICE;
}

API cuDeviceGetCount(int* count) {
  ENTER(false);
  *count = deviceCount;
  return initialized ? SUCCESS : NOT_INITIALIZED;
}

API cuDeviceGet(int* device, int index) {
  ENTER(false);
  *device = index;
  return index >= 0 && index < deviceCount ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char* name, int bytes, int) {
  ENTER(false);
  snprintf(name, static_cast<size_t>(bytes), "Fake GPU sm_%d", capability);
  return SUCCESS;
}

API cuDeviceTotalMem_v2(size_t* bytes, int) {
  ENTER(false);
  *bytes = static_cast<size_t>(memoryBytes);
  return SUCCESS;
}

API cuDeviceGetAttribute(int* value, int attribute, int) {
  ENTER(false);
  switch (attribute) {
    case 16:  // multiprocessors
      *value = 108;
      return SUCCESS;
    case 75:  // capability, major
      *value = capability / 10;
      return SUCCESS;
    case 76:  // minor
      *value = capability % 10;
      return SUCCESS;
    default:
      return INVALID_VALUE;
  }
}

API cuDevicePrimaryCtxRetain(Context** context, int) {
  ENTER(false);
  primary.retained++;
  fakecuda_count(1);
  *context = &primary;
  return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int) {
  ENTER(false);
  if (primary.retained == 0) {
    return INVALID_CONTEXT;
  }
  fakecuda_count(-1);
  if (--primary.retained == 0) {
    if (sticky != SUCCESS) {
      // A lost device takes everything along. What lives on a sound one is a leak, and stays to be counted.
      freeAll();
    }
    sticky = SUCCESS;
  }
  return SUCCESS;
}

API cuCtxGetCurrent(Context** context) {
  ENTER(false);
  *context = current;
  return sticky;
}

API cuCtxSetCurrent(Context* context) {
  ENTER(false);
  current = context;
  return sticky;
}

// ---- Memory -----------------------------------------------------------------------------------------------------------------

API cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER();
  *total = static_cast<size_t>(memoryBytes);
  *free = *total - emulator_allocated_bytes();
  return SUCCESS;
}

API cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  ENTER();
  if (bytes == 0) {
    return INVALID_VALUE;
  }
  emulator_set_memory_limit(static_cast<uint64_t>(memoryBytes));
  int status = emulator_allocate(bytes, address);
  if (status == EMULATOR_OUT_OF_MEMORY) {
    return OUT_OF_MEMORY;
  }
  blocks[*address] = bytes;
  fakecuda_count(1);
  return status == EMULATOR_OK ? SUCCESS : INVALID_VALUE;
}

API cuMemFree_v2(uint64_t address) {
  ENTER();
  if (blocks.erase(address) == 0) {
    return INVALID_VALUE;
  }
  fakecuda_count(-1);
  emulator_free(address);
  return SUCCESS;
}

API cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
  ENTER();
  if (posix_memalign(memory, 4096, bytes) != 0) {
    return OUT_OF_MEMORY;
  }
  pinned.insert(*memory);
  fakecuda_count(1);
  return SUCCESS;
}

API cuMemFreeHost(void* memory) {
  ENTER();
  if (pinned.erase(memory) == 0) {
    return INVALID_VALUE;
  }
  fakecuda_count(-1);
  free(memory);
  return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!insideBlock(to, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_copy_to_device(to, from, bytes); });
}

API cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!insideBlock(from, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_copy_to_host(to, from, bytes); });
}

API cuMemsetD8Async(uint64_t address, unsigned char value, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!insideBlock(address, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_fill(address, value, bytes); });
}

// ---- Streams, events, graphs ------------------------------------------------------------------------------------------------

API cuStreamCreate(FakeStream** stream, unsigned flags) {
  ENTER();
  constexpr unsigned NON_BLOCKING = 1;
  if (flags != NON_BLOCKING) {
    return INVALID_VALUE;
  }
  *stream = streams.add();
  return SUCCESS;
}

API cuStreamDestroy_v2(FakeStream* stream) {
  ENTER();
  return streams.remove(stream) ? SUCCESS : INVALID_HANDLE;
}

API cuStreamSynchronize(FakeStream* stream) {
  ENTER();
  if (!streams.has(stream)) {
    return INVALID_HANDLE;
  }
  if (stream->capturing) {
    stream->spoiled = true;
    return CAPTURE_UNSUPPORTED;
  }
  return SUCCESS;
}

API cuStreamWaitEvent(FakeStream* stream, Event* event, unsigned flags) {
  ENTER();
  return streams.has(stream) && events.has(event) && flags == 0 ? SUCCESS : INVALID_HANDLE;
}

API cuStreamBeginCapture_v2(FakeStream* stream, int mode) {
  ENTER();
  constexpr int RELAXED = 2;
  if (!streams.has(stream) || mode != RELAXED) {
    return INVALID_VALUE;
  }
  if (stream->capturing) {
    return ILLEGAL_STATE;
  }
  stream->capturing = true;
  return SUCCESS;
}

API cuStreamEndCapture(FakeStream* stream, Graph** graph) {
  ENTER();
  if (!streams.has(stream) || !stream->capturing) {
    return ILLEGAL_STATE;
  }
  bool spoiled = stream->spoiled;
  *graph = spoiled ? nullptr : graphs.add({std::move(stream->captured)});
  *stream = {};
  return spoiled ? CAPTURE_INVALIDATED : SUCCESS;
}

API cuGraphInstantiateWithFlags(GraphExec** executable, Graph* graph, unsigned long long flags) {
  ENTER();
  if (!graphs.has(graph) || flags != 0) {
    return INVALID_VALUE;
  }
  *executable = graphExecs.add({graph->work});
  return SUCCESS;
}

API cuGraphDestroy(Graph* graph) {
  ENTER();
  return graphs.remove(graph) ? SUCCESS : INVALID_VALUE;
}

API cuGraphLaunch(GraphExec* executable, FakeStream* stream) {
  ENTER();
  if (!graphExecs.has(executable) || !streams.has(stream)) {
    return INVALID_HANDLE;
  }
  for (const Work& work : executable->work) {
    submit(stream, work);
  }
  return SUCCESS;
}

API cuGraphExecDestroy(GraphExec* executable) {
  ENTER();
  return graphExecs.remove(executable) ? SUCCESS : INVALID_HANDLE;
}

API cuEventCreate(Event** event, unsigned) {
  ENTER();
  *event = events.add();
  return SUCCESS;
}

API cuEventDestroy_v2(Event* event) {
  ENTER();
  return events.remove(event) ? SUCCESS : INVALID_HANDLE;
}

API cuEventRecord(Event* event, FakeStream* stream) {
  ENTER();
  if (!events.has(event) || !streams.has(stream)) {
    return INVALID_HANDLE;
  }
  event->recorded = true;
  event->time = std::chrono::steady_clock::now();
  return SUCCESS;
}

API cuEventSynchronize(Event* event) {
  ENTER();
  return events.has(event) ? SUCCESS : INVALID_HANDLE;
}

// Since CUDA 12.8 this is what cuEventElapsedTime means.
API cuEventElapsedTime_v2(float* millis, Event* start, Event* end) {
  ENTER();
  if (!events.has(start) || !events.has(end) || !start->recorded || !end->recorded) {
    return INVALID_HANDLE;
  }
  *millis = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return SUCCESS;
}

// ---- Kernels ----------------------------------------------------------------------------------------------------------------

// Compiles nothing, but believes only what looks like PTX for this device, and remembers its entry points.
API cuModuleLoadDataEx(Module** module, const char* image, unsigned optionCount, const int* options, void** values) {
  ENTER();
  constexpr int ERROR_LOG = 5;
  std::string text = image;
  std::regex entry(R"(\.entry\s+(\w+)\(\s*\.param \.align \d+ \.b8 \w+\[(\d+)\])");
  std::string target = capability == 90 ? ".target sm_90a" : ".target sm_80";
  if (text.find(".version ") == std::string::npos || text.find(target) == std::string::npos) {
    for (unsigned i = 0; i < optionCount; i++) {
      if (options[i] == ERROR_LOG) {
        strcpy(static_cast<char*>(values[i]), "ptxas application ptx input, line 1; fatal : not for this device\n");
      }
    }
    return INVALID_PTX;
  }
  Module loaded;
  for (std::sregex_iterator match(text.begin(), text.end(), entry), end; match != end; ++match) {
    loaded.argumentBytes[(*match)[1]] = std::stoi((*match)[2]);
  }
  *module = modules.add(std::move(loaded));
  return SUCCESS;
}

API cuModuleUnload(Module* module) {
  ENTER();
  return modules.remove(module) ? SUCCESS : INVALID_HANDLE;
}

API cuModuleGetFunction(Function** function, Module* module, const char* name) {
  ENTER();
  if (!modules.has(module) || module->argumentBytes.count(name) == 0) {
    return NOT_FOUND;
  }
  auto& known = functions[name];
  if (!known) {
    known = std::make_unique<Function>(Function{name, module->argumentBytes[name]});
  }
  *function = known.get();
  return SUCCESS;
}

API cuFuncSetAttribute(Function* function, int attribute, int value) {
  ENTER();
  constexpr int MAX_DYNAMIC_SHARED_BYTES = 8;
  int limit = (capability >= 90 ? 227 : 163) << 10;
  if (attribute != MAX_DYNAMIC_SHARED_BYTES || value > limit) {
    return INVALID_VALUE;
  }
  function->sharedBytesLimit = value;
  return SUCCESS;
}

API cuLaunchKernel(Function* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                   unsigned sharedBytes, FakeStream* stream, void** parameters, void** extra) {
  ENTER();
  bool possible = gridX > 0 && gridY > 0 && gridY < 65536 && gridZ > 0 && gridZ < 65536 && blockX > 0 && blockX <= 1024 && blockY == 1 &&
                  blockZ == 1 && static_cast<int>(sharedBytes) <= function->sharedBytesLimit && parameters != nullptr && extra == nullptr;
  if (!possible) {
    return INVALID_VALUE;
  }
  const char* first = static_cast<const char*>(parameters[0]);
  std::vector<char> argument(first, first + function->argumentBytes);
  std::string name = function->name;
  return submit(stream, [=] {
    return emulator_launch(name.c_str(), static_cast<int>(gridX), static_cast<int>(gridY), static_cast<int>(gridZ), static_cast<int>(blockX),
                           static_cast<int>(sharedBytes), argument.data(), argument.size());
  });
}

API cuTensorMapEncodeTiled(void* map, int type, unsigned rank, void* address, const uint64_t* extents, const uint64_t* strideBytes,
                           const uint32_t* box, const uint32_t* elementStrides, int interleave, int swizzle, int, int outOfBoundsFill) {
  ENTER();
  constexpr int FLOAT16 = 6;
  if (capability < 90) {
    return NOT_SUPPORTED;
  }
  bool plain = type == FLOAT16 && interleave == 0 && outOfBoundsFill == 0;
  for (unsigned axis = 0; axis < rank; axis++) {
    plain = plain && elementStrides[axis] == 1;
  }
  if (!plain || emulator_encode_tensor_map(reinterpret_cast<uint64_t>(address), static_cast<int>(rank), extents, strideBytes,
                                           reinterpret_cast<const int32_t*>(box), swizzle, map) != EMULATOR_OK) {
    return INVALID_VALUE;
  }
  return SUCCESS;
}
