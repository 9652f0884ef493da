#include "launch.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace emulated {

namespace {

// Like the pool, there until the process has ended.
std::vector<Kernel>& registered() {
  static std::vector<Kernel>& all = *new std::vector<Kernel>();
  return all;
}

// Threads of their own rather than the caller's: a fibre's stack is none that a Java virtual machine knows, so no signal of its own
// may arrive on one.
class Pool {
 public:
  Pool() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int threads = std::max(1u, std::thread::hardware_concurrency());
    for (int i = 0; i < threads; i++) std::thread([this] { work(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    size_ = threads;
  }

  void run(int64_t count, const std::function<bool(int64_t)>& task) {
    std::lock_guard oneJob(jobs_);
    std::unique_lock lock(mutex_);
    task_ = &task;
    count_ = count;
    following_ = 0;
    busy_ = size_;
    job_++;
    begin_.notify_all();
    end_.wait(lock, [this] { return busy_ == 0; });
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  [[noreturn]] void work() {
    for (uint64_t seen = 0;;) {
      {
        std::unique_lock lock(mutex_);
        begin_.wait(lock, [&] { return job_ != seen; });
        seen = job_;
      }
      std::exception_ptr thrown;
      try {
        for (int64_t i; (i = following_.fetch_add(1)) < count_;) {
          if (!(*task_)(i)) following_ = count_;
        }
      } catch (...) {
        thrown = std::current_exception();
        following_ = count_;
      }
      std::lock_guard lock(mutex_);
      if (thrown && !thrown_) thrown_ = thrown;
      if (--busy_ == 0) end_.notify_one();
    }
  }

  std::mutex jobs_;
  std::mutex mutex_;
  std::condition_variable begin_, end_;
  const std::function<bool(int64_t)>* task_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> following_ = 0;
  std::exception_ptr thrown_;  // by a task of the present job
  uint64_t job_ = 0;
  int busy_ = 0;
  int size_ = 0;
};

// Its threads live as long as the process: it is never destroyed.
Pool& pool() {
  static Pool& threads = *new Pool();
  return threads;
}

}  // namespace

KernelRegistration::KernelRegistration(const char* name, uint64_t argumentBytes, int threads, void (*run)(const void*)) {
  std::vector<Kernel>& all = registered();
  Kernel kernel{name, argumentBytes, threads, run};
  auto before = [](const Kernel& a, const Kernel& b) { return std::strcmp(a.name, b.name) < 0; };
  all.insert(std::upper_bound(all.begin(), all.end(), kernel, before), kernel);
}

namespace {
using Facts = std::map<std::pair<std::string, std::string>, int>;
Facts& facts() {
  static Facts& all = *new Facts();
  return all;
}
}  // namespace

FactRegistration::FactRegistration(const char* kernel, const char* name, int value) { facts()[{kernel, name}] = value; }

const std::vector<Kernel>& kernels() { return registered(); }

int fact(const std::string& kernel, const std::string& name) {
  auto found = std::find_if(kernels().begin(), kernels().end(), [&](const Kernel& each) { return kernel == each.name; });
  if (found == kernels().end()) return -1;
  if (name == "threads") return found->threads;
  if (name == "argumentBytes") return static_cast<int>(found->argumentBytes);
  auto stated = facts().find({kernel, name});
  return stated == facts().end() ? 0 : stated->second;
}

void inParallel(int64_t count, const std::function<bool(int64_t)>& task) {
  if (count > 0) pool().run(count, task);
}

std::string launch(const Kernel& kernel, Dimensions grid, int threads, int sharedBytes, int capability, const void* arguments) {
  int64_t blocks = static_cast<int64_t>(grid.x) * grid.y * grid.z;
  std::mutex mutex;
  int64_t firstFault = blocks;
  std::string report;
  inParallel(blocks, [&](int64_t i) {
    static thread_local std::unique_ptr<Block> block;
    if (block == nullptr) block = std::make_unique<Block>();
    int64_t row = i / grid.x;
    Dimensions index{static_cast<unsigned>(i % grid.x), static_cast<unsigned>(row % grid.y), static_cast<unsigned>(row / grid.y)};
    if (block->run(kernel, arguments, grid, index, threads, sharedBytes, capability)) return true;
    std::lock_guard lock(mutex);
    if (i < firstFault) {
      firstFault = i;
      report = block->fault;
    }
    return false;
  });
  return report;
}

}  // namespace emulated
