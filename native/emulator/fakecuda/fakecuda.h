// What tests ask of the fake CUDA libraries, and what these share among each other. Exported by libcuda.so.1.
#ifndef CONCEPTCLIP_FAKECUDA_H
#define CONCEPTCLIP_FAKECUDA_H

#include <cstdint>
#include <functional>

// Opaque to everybody outside cuda.cpp.
struct FakeStream;

#define FAKECUDA_EXPORT extern "C" __attribute__((visibility("default")))

// The `nth` call (1: the next) of `function` returns `status`. A status that loses the device stays.
FAKECUDA_EXPORT void fakecuda_fail(const char* function, int nth, int status);
// Sets a property of the device: driver_version (13000), device_count (1), capability (FAKECUDA_CAPABILITY of the environment, or 80),
// memory_bytes (1 GiB).
FAKECUDA_EXPORT void fakecuda_configure(const char* property, int64_t value);
// Forgets what was ordered and configured.
FAKECUDA_EXPORT void fakecuda_reset();
// Objects of all kinds that are alive: contexts, memory, streams, events, modules, graphs, cuBLASLt's handles and descriptors.
FAKECUDA_EXPORT int fakecuda_living();

// For libcublasLt. Counts objects that are made or go.
FAKECUDA_EXPORT void fakecuda_count(int difference);
// The status that this call of `function` is to fail with, or 0.
FAKECUDA_EXPORT int fakecuda_failure(const char* function);
// The first thing that a function of a library does.
#define FAIL_IF_ORDERED()                        \
  if (int failed = fakecuda_failure(__func__)) { \
    return failed;                               \
  }                                              \
  static_assert(true)
// Does `work` now, or records it if the stream is captured; `work` returns a status of emulator.h. False if there is no such stream or
// the device is lost.
FAKECUDA_EXPORT bool fakecuda_submit(FakeStream* stream, const std::function<int()>& work);

#endif
