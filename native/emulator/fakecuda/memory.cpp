// Device memory, page-locked host memory, copies.
#include <cstdlib>

#include "fake_device.hpp"

API cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER();
  *total = static_cast<size_t>(device.memoryBytes);
  *free = *total - emulator_allocated_bytes();
  return SUCCESS;
}

API cuMemAlloc_v2(uint64_t* address, size_t bytes) {
  ENTER();
  if (bytes == 0) {
    return INVALID_VALUE;
  }
  emulator_set_memory_limit(static_cast<uint64_t>(device.memoryBytes));
  int status = emulator_allocate(bytes, address);
  if (status == EMULATOR_OUT_OF_MEMORY) {
    return OUT_OF_MEMORY;
  }
  device.blocks[*address] = bytes;
  fakecuda_count(1);
  return status == EMULATOR_OK ? SUCCESS : INVALID_VALUE;
}

API cuMemFree_v2(uint64_t address) {
  ENTER();
  if (device.blocks.erase(address) == 0) {
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
  device.pinned.insert(*memory);
  fakecuda_count(1);
  return SUCCESS;
}

API cuMemFreeHost(void* memory) {
  ENTER();
  if (device.pinned.erase(memory) == 0) {
    return INVALID_VALUE;
  }
  fakecuda_count(-1);
  free(memory);
  return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!device.insideBlock(to, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_copy_to_device(to, from, bytes); });
}

API cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!device.insideBlock(from, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_copy_to_host(to, from, bytes); });
}

API cuMemsetD8Async(uint64_t address, unsigned char value, size_t bytes, FakeStream* stream) {
  ENTER();
  if (!device.insideBlock(address, bytes)) {
    return INVALID_VALUE;
  }
  return submit(stream, [=] { return emulator_fill(address, value, bytes); });
}
