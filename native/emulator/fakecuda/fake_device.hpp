// What the sources of libcuda.so.1 share: the one fake device, its living objects, and what every call begins with. Types and numbers
// are those of cuda.h, written down here because a machine that runs the tests need not have it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../emulator.h"
#include "fakecuda.h"

#define API FAKECUDA_EXPORT int

using Work = std::function<int()>;

struct FakeStream {
  bool capturing = false;
  bool spoiled = false;
  std::vector<Work> captured;
};

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

constexpr int64_t GIBIBYTE = int64_t{1} << 30;

struct Event {};
struct Function {
  std::string name;
  int argumentBytes = 0;
  int sharedBytesLimit = 48 << 10;
};
struct Module {
  std::map<std::string, Function> functions;
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
    if (objects.erase(handle) == 0) {
      return false;
    }
    fakecuda_count(-1);
    return true;
  }
  void clear() {
    fakecuda_count(-static_cast<int>(objects.size()));
    objects.clear();
  }

 private:
  std::map<T*, std::unique_ptr<T>> objects;
};

// What FAKECUDA_CAPABILITY says in the environment, 80 without: for programs as they are shipped, which configure nothing.
int initialCapability();

// The device and its primary context. Guarded by its mutex.
struct FakeDevice {
  std::recursive_mutex mutex;
  bool initialized = false;
  int driverVersion = 13000;
  int count = 1;
  int capability = initialCapability();
  int64_t memoryBytes = GIBIBYTE;
  // What every call returns once the device is lost.
  int sticky = SUCCESS;
  Context primary;
  std::map<uint64_t, uint64_t> blocks;
  std::set<void*> pinned;
  Registry<FakeStream> streams;
  Registry<Event> events;
  Registry<Module> modules;
  Registry<Graph> graphs;
  Registry<GraphExec> graphExecs;

  bool insideBlock(uint64_t address, uint64_t bytes) const;
  void freeAll();
};

extern FakeDevice device;
extern thread_local Context* current;

// What is the matter before a call begins: an ordered failure, a lost device, no context on this thread.
int obstacle(const char* function, bool needsContext = true);

// Does work now, or records it while the stream is captured.
int submit(FakeStream* stream, Work work);

void fakecuda_forgetFailures();

#define ENTER(...)                                                    \
  std::lock_guard lock(device.mutex);                                 \
  if (int failed = obstacle(__func__ __VA_OPT__(, ) __VA_ARGS__)) {   \
    return failed;                                                    \
  }                                                                   \
  static_assert(true)
