// C interface of the emulator: device memory, launches by kernel name, and the matrix product that cuBLASLt does on a GPU.
//
// Every function that returns int returns a status; emulator_last_error tells the calling thread in one line what went wrong.
// All functions may be called by any thread. After a kernel fault the library goes on working: what a fault means for later
// calls is the caller's decision.
#ifndef CONCEPTCLIP_EMULATOR_H
#define CONCEPTCLIP_EMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum {
  EMULATOR_OK = 0,
  EMULATOR_OUT_OF_MEMORY = 1,
  EMULATOR_INVALID_ARGUMENT = 2,
  // A check found a defect in a kernel; the message names kernel, block, thread and source line.
  EMULATOR_KERNEL_FAULT = 3,
  EMULATOR_UNKNOWN_KERNEL = 4
};

// Device memory, aligned to 256 bytes and to no more than that, filled with 0xff. Addresses are never given out twice.
int emulator_allocate(uint64_t bytes, uint64_t* address);
// Waits for launches, copies and products that are under way.
int emulator_free(uint64_t address);
// What allocations may take together from now on; 0 lifts the limit.
int emulator_set_memory_limit(uint64_t bytes);
uint64_t emulator_allocated_bytes(void);

// Either side may be device memory, which is checked, or plain memory of the process, which is not.
int emulator_copy(uint64_t to, uint64_t from, uint64_t bytes);
int emulator_copy_to_device(uint64_t to, const void* from, uint64_t bytes);
int emulator_copy_to_host(void* to, uint64_t from, uint64_t bytes);
int emulator_fill(uint64_t address, int value, uint64_t bytes);

// Runs a kernel to its end. `arguments` is the kernel's parameter struct, `argumentBytes` must be its size. `capability` is the compute
// capability of the device, 90 for sm_90: tensor cores add as that one's do.
int emulator_launch(const char* kernel, int gridX, int gridY, int gridZ, int threads, int sharedBytes, int capability, const void* arguments,
                    uint64_t argumentBytes);

// out = x W^T (+ out) + bias: x [rows, inputs] f16, W [outputs, inputs] f16, out [rows, outputs] f16 or f32, bias [outputs] in the
// type of out, or 0. Row-major, pitches in elements; extents and pitches are multiples of 8. Sums are those of the tensor cores of a device
// of this compute capability, in the order of the inputs, so the bits of a row do not depend on the other rows.
int emulator_matmul(int rows, int inputs, int outputs, uint64_t x, int64_t xPitch, uint64_t weight, uint64_t biasOrZero, uint64_t out,
                    int64_t outPitch, int outFloat32, int accumulate, int capability);

// The 128 bytes that describe a tensor of rank 2 to 5 to bulk copies, with what cuTensorMapEncodeTiled checks. `elementBytes` is 2 (f16) or
// 1 (bytes). Axes are innermost first; `strideBytes` has one less than `extents` and `box`. `swizzle` is 0 (none), 1, 2 or 3 (32, 64, 128
// bytes); `out` lies at a multiple of 64.
int emulator_encode_tensor_map(uint64_t address, int elementBytes, int rank, const uint64_t* extents, const uint64_t* strideBytes,
                               const int32_t* box, int swizzle, void* out);

int emulator_kernel_count(void);
// By name in ascending order; null past the end.
const char* emulator_kernel_name(int index);
// A kernel's `threads` per block, `argumentBytes`, or a LAUNCH_FACT of its source (0: not stated); -1 where there is no such kernel.
int emulator_kernel_fact(const char* kernel, const char* fact);

// Writes the last error of the calling thread, cut to `bytes` with its closing zero; returns its whole length.
int emulator_last_error(char* buffer, uint64_t bytes);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
