// The fake device itself, its contexts, and what tests may do with it.
#include "fake_device.hpp"

#include <cstdio>
#include <cstdlib>
#include <iterator>

FakeDevice device;
thread_local Context* current = nullptr;

namespace {

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

bool loses(int status) { return status == 214 || (status >= 700 && status < 720); }

// A fault of work that was queued surfaces at the next call.
void runNow(const Work& work) {
  if (work() != EMULATOR_OK) {
    device.sticky = LAUNCH_FAILED;
  }
}

}  // namespace

int initialCapability() {
  const char* value = getenv("FAKECUDA_CAPABILITY");
  return value == nullptr ? 80 : atoi(value);
}

int obstacle(const char* function, bool needsContext) {
  if (int ordered = fakecuda_failure(function)) {
    if (loses(ordered)) {
      device.sticky = ordered;
    }
    return ordered;
  }
  if (!needsContext) {
    return SUCCESS;
  }
  if (device.sticky != SUCCESS) {
    return device.sticky;
  }
  return current == &device.primary && device.primary.retained > 0 ? SUCCESS : INVALID_CONTEXT;
}

int submit(FakeStream* stream, Work work) {
  if (!device.streams.has(stream)) {
    return INVALID_HANDLE;
  }
  if (stream->capturing) {
    stream->captured.push_back(std::move(work));
  } else {
    runNow(work);
  }
  return SUCCESS;
}

bool FakeDevice::insideBlock(uint64_t address, uint64_t bytes) const {
  auto next = blocks.upper_bound(address);
  return next != blocks.begin() && bytes <= std::prev(next)->second && address - std::prev(next)->first <= std::prev(next)->second - bytes;
}

void FakeDevice::freeAll() {
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
  graphs.clear();
  graphExecs.clear();
}

// ---- For tests and libcublasLt ----------------------------------------------------------------------------------------------

void fakecuda_configure(const char* property, int64_t value) {
  std::lock_guard lock(device.mutex);
  std::string name = property;
  if (name == "driver_version") {
    device.driverVersion = static_cast<int>(value);
  } else if (name == "device_count") {
    device.count = static_cast<int>(value);
  } else if (name == "capability") {
    device.capability = static_cast<int>(value);
  } else if (name == "memory_bytes") {
    device.memoryBytes = value;
  } else {
    abort();
  }
}

void fakecuda_reset() {
  std::lock_guard lock(device.mutex);
  fakecuda_forgetFailures();
  device.driverVersion = 13000;
  device.count = 1;
  device.capability = initialCapability();
  device.memoryBytes = GIBIBYTE;
}

bool fakecuda_submit(FakeStream* stream, const std::function<int()>& work) {
  std::lock_guard lock(device.mutex);
  return device.sticky == SUCCESS && submit(stream, work) == SUCCESS;
}

// ---- Devices and contexts ---------------------------------------------------------------------------------------------------

API cuGetErrorName(int status, const char** name) {
  auto known = NAMES.find(status);
  *name = known == NAMES.end() ? nullptr : known->second;
  return known == NAMES.end() ? INVALID_VALUE : SUCCESS;
}

API cuDriverGetVersion(int* version) {
  ENTER(false);
  *version = device.driverVersion;
  return SUCCESS;
}

API cuInit(unsigned flags) {
  ENTER(false);
  if (flags != 0) {
    return INVALID_VALUE;
  }
  device.initialized = device.count > 0;
  return device.initialized ? SUCCESS : NO_DEVICE;
}

API cuDeviceGetCount(int* count) {
  ENTER(false);
  *count = device.count;
  return device.initialized ? SUCCESS : NOT_INITIALIZED;
}

API cuDeviceGet(int* ordinal, int index) {
  ENTER(false);
  *ordinal = index;
  return index >= 0 && index < device.count ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char* name, int bytes, int) {
  ENTER(false);
  snprintf(name, static_cast<size_t>(bytes), "Fake GPU sm_%d", device.capability);
  return SUCCESS;
}

API cuDeviceTotalMem_v2(size_t* bytes, int) {
  ENTER(false);
  *bytes = static_cast<size_t>(device.memoryBytes);
  return SUCCESS;
}

API cuDeviceGetAttribute(int* value, int attribute, int) {
  ENTER(false);
  switch (attribute) {
    case 16:  // multiprocessors
      *value = 108;
      return SUCCESS;
    case 75:  // capability, major
      *value = device.capability / 10;
      return SUCCESS;
    case 76:  // minor
      *value = device.capability % 10;
      return SUCCESS;
    default:
      return INVALID_VALUE;
  }
}

API cuDevicePrimaryCtxRetain(Context** context, int) {
  ENTER(false);
  device.primary.retained++;
  fakecuda_count(1);
  *context = &device.primary;
  return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int) {
  ENTER(false);
  if (device.primary.retained == 0) {
    return INVALID_CONTEXT;
  }
  fakecuda_count(-1);
  if (--device.primary.retained == 0) {
    if (device.sticky != SUCCESS) {
      // A lost device takes everything along. What lives on a sound one is a leak, and stays to be counted.
      device.freeAll();
    }
    device.sticky = SUCCESS;
  }
  return SUCCESS;
}

API cuCtxGetCurrent(Context** context) {
  ENTER(false);
  *context = current;
  return device.sticky;
}

API cuCtxSetCurrent(Context* context) {
  ENTER(false);
  current = context;
  return device.sticky;
}
