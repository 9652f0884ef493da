// Failures on order, and the number of living objects.
#include "fakecuda.h"

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace {

struct Order {
  int callsUntil;
  int status;
};

std::mutex mutex;
std::map<std::string, Order> orders;
std::atomic<int> living{0};

}  // namespace

void fakecuda_fail(const char* function, int nth, int status) {
  std::lock_guard lock(mutex);
  orders[function] = {nth, status};
}

int fakecuda_failure(const char* function) {
  std::lock_guard lock(mutex);
  auto order = orders.find(function);
  if (order == orders.end() || --order->second.callsUntil > 0) {
    return 0;
  }
  int status = order->second.status;
  orders.erase(order);
  return status;
}

void fakecuda_forgetFailures() {
  std::lock_guard lock(mutex);
  orders.clear();
}

void fakecuda_count(int difference) { living += difference; }

int fakecuda_living() { return living; }
