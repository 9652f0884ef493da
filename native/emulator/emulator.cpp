#include "emulator.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "device_memory.hpp"
#include "launch.hpp"
#include "matrix_product.hpp"
#include "tensor_map.hpp"
#include "text.hpp"

using namespace emulated;

namespace {

thread_local std::string lastError;

int refuse(int status, std::string message) {
  lastError = std::move(message);
  return status;
}

int refuseRange(const char* call, const char* what, uint64_t address, uint64_t bytes) {
  return refuse(EMULATOR_INVALID_ARGUMENT,
                text(call, ": ", what, " of ", bytes, " bytes begins at ", DeviceMemory::instance().describe(address),
                     ", expected it inside one live allocation"));
}

// No exception may reach the C caller. What the emulator's own code throws is a lack of memory.
template <typename Call>
int guarded(const char* name, Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return refuse(EMULATOR_OUT_OF_MEMORY, text(name, ": the process has no memory left"));
  }
}

// The size of the arguments struct is below this; kernel parameters on a GPU end at 4 KiB or, from sm_70 on, at 32764 bytes.
constexpr uint64_t MAX_ARGUMENT_BYTES = 32764;
constexpr int MAX_GRID_YZ = 65535;

// What a descriptor inside the arguments needs.
struct alignas(128) ArgumentBuffer {
  unsigned char bytes[MAX_ARGUMENT_BYTES];
};

}  // namespace

extern "C" {

int emulator_allocate(uint64_t bytes, uint64_t* address) {
  return guarded("emulator_allocate", [&]() -> int {
    DeviceMemory& memory = DeviceMemory::instance();
    if (bytes == 0 || address == nullptr) {
      return refuse(EMULATOR_INVALID_ARGUMENT, text("emulator_allocate: ", bytes, " bytes, expected at least one"));
    }
    void* allocated = memory.allocate(bytes);
    if (allocated == nullptr) {
      return refuse(EMULATOR_OUT_OF_MEMORY, text("emulator_allocate: no room for ", bytes, " bytes: ", memory.allocatedBytes(),
                                                 " are in use, the limit is ", memory.limit()));
    }
    *address = reinterpret_cast<uint64_t>(allocated);
    return EMULATOR_OK;
  });
}

int emulator_free(uint64_t address) {
  return guarded("emulator_free", [&]() -> int {
    DeviceMemory& memory = DeviceMemory::instance();
    if (memory.release(address)) return EMULATOR_OK;
    return refuse(EMULATOR_INVALID_ARGUMENT,
                  text("emulator_free: ", memory.describe(address), ", expected the begin of a live allocation"));
  });
}

int emulator_set_memory_limit(uint64_t bytes) {
  DeviceMemory::instance().limit(bytes == 0 ? UINT64_MAX : bytes);
  return EMULATOR_OK;
}

uint64_t emulator_allocated_bytes(void) { return DeviceMemory::instance().allocatedBytes(); }

int emulator_copy(uint64_t to, uint64_t from, uint64_t bytes) {
  DeviceMemory& memory = DeviceMemory::instance();
  std::shared_lock alive(memory.lifetime());
  if (memory.reserved(to) && !memory.contains(to, bytes)) return refuseRange("emulator_copy", "destination", to, bytes);
  if (memory.reserved(from) && !memory.contains(from, bytes)) return refuseRange("emulator_copy", "source", from, bytes);
  std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
  return EMULATOR_OK;
}

int emulator_copy_to_device(uint64_t to, const void* from, uint64_t bytes) {
  DeviceMemory& memory = DeviceMemory::instance();
  std::shared_lock alive(memory.lifetime());
  if (!memory.contains(to, bytes)) return refuseRange("emulator_copy_to_device", "destination", to, bytes);
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return EMULATOR_OK;
}

int emulator_copy_to_host(void* to, uint64_t from, uint64_t bytes) {
  DeviceMemory& memory = DeviceMemory::instance();
  std::shared_lock alive(memory.lifetime());
  if (!memory.contains(from, bytes)) return refuseRange("emulator_copy_to_host", "source", from, bytes);
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return EMULATOR_OK;
}

int emulator_fill(uint64_t address, int value, uint64_t bytes) {
  DeviceMemory& memory = DeviceMemory::instance();
  std::shared_lock alive(memory.lifetime());
  if (!memory.contains(address, bytes)) return refuseRange("emulator_fill", "destination", address, bytes);
  std::memset(reinterpret_cast<void*>(address), value, bytes);
  return EMULATOR_OK;
}

int emulator_launch(const char* name, int gridX, int gridY, int gridZ, int threads, int sharedBytes, int capability, const void* arguments,
                    uint64_t argumentBytes) {
  return guarded("emulator_launch", [&]() -> int {
    if (name == nullptr) return refuse(EMULATOR_INVALID_ARGUMENT, "emulator_launch: no name");
    const std::vector<Kernel>& all = kernels();
    auto found = std::find_if(all.begin(), all.end(), [&](const Kernel& each) { return std::strcmp(each.name, name) == 0; });
    if (found == all.end()) return refuse(EMULATOR_UNKNOWN_KERNEL, text("emulator_launch: no kernel is named ", name));
    const Kernel& kernel = *found;
    if (gridX < 1 || gridY < 1 || gridZ < 1 || gridY > MAX_GRID_YZ || gridZ > MAX_GRID_YZ) {
      return refuse(EMULATOR_INVALID_ARGUMENT, text("emulator_launch ", name, ": grid (", gridX, ", ", gridY, ", ", gridZ,
                                                    "), expected at least 1 each, y and z at most ", MAX_GRID_YZ));
    }
    if (threads < 1 || threads > kernel.threads || threads > MAX_THREADS) {
      return refuse(EMULATOR_INVALID_ARGUMENT,
                    text("emulator_launch ", name, ": ", threads, " threads, the kernel is built for 1 to ", kernel.threads));
    }
    if (sharedBytes < 0 || sharedBytes > MAX_SHARED_BYTES) {
      return refuse(EMULATOR_INVALID_ARGUMENT,
                    text("emulator_launch ", name, ": ", sharedBytes, " bytes of shared memory, expected 0 to ", MAX_SHARED_BYTES));
    }
    if (arguments == nullptr || argumentBytes != kernel.argumentBytes || argumentBytes > MAX_ARGUMENT_BYTES) {
      return refuse(EMULATOR_INVALID_ARGUMENT, text("emulator_launch ", name, ": ", argumentBytes, " bytes of arguments, the kernel takes ",
                                                    kernel.argumentBytes));
    }
    ArgumentBuffer buffer;
    std::memcpy(buffer.bytes, arguments, argumentBytes);
    std::shared_lock alive(DeviceMemory::instance().lifetime());
    Dimensions grid{static_cast<unsigned>(gridX), static_cast<unsigned>(gridY), static_cast<unsigned>(gridZ)};
    std::string fault = launch(kernel, grid, threads, sharedBytes, capability, buffer.bytes);
    return fault.empty() ? EMULATOR_OK : refuse(EMULATOR_KERNEL_FAULT, std::move(fault));
  });
}

int emulator_matmul(int rows, int inputs, int outputs, uint64_t x, int64_t xPitch, uint64_t weight, uint64_t biasOrZero, uint64_t out,
                    int64_t outPitch, int outFloat32, int accumulate, int capability) {
  return guarded("emulator_matmul", [&]() -> int {
    std::shared_lock alive(DeviceMemory::instance().lifetime());
    std::string error =
        multiplyMatrices({rows, inputs, outputs, x, xPitch, weight, biasOrZero, out, outPitch, outFloat32 != 0, accumulate != 0, capability});
    return error.empty() ? EMULATOR_OK : refuse(EMULATOR_INVALID_ARGUMENT, "emulator_matmul: " + error);
  });
}

int emulator_encode_tensor_map(uint64_t address, int elementBytes, int rank, const uint64_t* extents, const uint64_t* strideBytes,
                               const int32_t* box, int swizzle, void* out) {
  std::string error = encodeTensorMap(address, elementBytes, rank, extents, strideBytes, box, swizzle, out);
  return error.empty() ? EMULATOR_OK : refuse(EMULATOR_INVALID_ARGUMENT, "emulator_encode_tensor_map: " + error);
}

int emulator_kernel_count(void) { return static_cast<int>(kernels().size()); }

const char* emulator_kernel_name(int index) {
  return index >= 0 && index < emulator_kernel_count() ? kernels()[static_cast<size_t>(index)].name : nullptr;
}

int emulator_kernel_fact(const char* kernel, const char* name) { return fact(kernel, name); }

int emulator_last_error(char* buffer, uint64_t bytes) {
  if (bytes > 0) {
    size_t kept = std::min<size_t>(lastError.size(), bytes - 1);
    std::memcpy(buffer, lastError.data(), kept);
    buffer[kept] = 0;
  }
  return static_cast<int>(lastError.size());
}

}  // extern "C"
