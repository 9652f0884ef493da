#include "device_memory.hpp"
#include "emulated_device.hpp"

namespace emulated {

void reportGlobal(uint64_t address, uint32_t bytes, uint32_t alignment, const char* verb, const Site& site) {
  const DeviceMemory& memory = DeviceMemory::instance();
  if (address == 0) fail(*current, site, text(verb, " ", bytes, " bytes through an address of 0"));
  if (memory.contains(address, bytes)) {
    fail(*current, site,
         text("misaligned: ", verb, " ", bytes, " bytes at ", memory.describe(address), ", expected an address that is a multiple of ", alignment));
  }
  fail(*current, site, text(verb, " ", bytes, " bytes of global memory at ", memory.describe(address)));
}

}  // namespace emulated
