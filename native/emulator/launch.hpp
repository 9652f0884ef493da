// Kernels by name, and the threads of the process that run their blocks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scheduler.hpp"

namespace emulated {

// Made by KERNEL, before main.
struct KernelRegistration {
  KernelRegistration(const char* name, uint64_t argumentBytes, int threads, void (*run)(const void*));
};

// Made by LAUNCH_FACT, before main.
struct FactRegistration {
  FactRegistration(const char* kernel, const char* name, int value);
};

// A kernel's `threads`, `argumentBytes`, or a LAUNCH_FACT of it (0: not stated); -1 where there is no such kernel.
int fact(const std::string& kernel, const std::string& name);

// By name, ascending.
const std::vector<Kernel>& kernels();

// Does task(0) to task(count - 1), each once, in ascending order of their beginnings, on the threads of the pool; returns when all are
// done. A task that returns false stops the beginning of later ones, and so does an exception, which the caller gets.
void inParallel(int64_t count, const std::function<bool(int64_t)>& task);

// Runs all blocks, on a device of this compute capability (90 for sm_90): tensor cores add as that one's do. Empty, or the report of the first block, in the order of blocks, in which a check failed.
std::string launch(const Kernel& kernel, Dimensions grid, int threads, int sharedBytes, int capability, const void* arguments);

}  // namespace emulated
