#include "proxy_fences.hpp"

#include "text.hpp"

namespace emulated {

ProxyFences::ProxyFences(const Block& block)
    : lines_(static_cast<size_t>(block.sharedBytes) / LINE + 1), unfenced_(static_cast<size_t>(block.threads)) {}

void ProxyFences::wrote(const Thread& thread, uint32_t offset, uint32_t bytes, const Site& site) {
  for (uint32_t line = offset / LINE; line <= (offset + bytes - 1) / LINE; line++) {
    Written& written = lines_[line];
    if (written.writer != thread.number || written.fenced) unfenced_[static_cast<size_t>(thread.number)].push_back(line);
    written = {thread.number, false, 0, 0, site};
  }
}

void ProxyFences::fence(Thread& thread) {
  std::vector<uint32_t>& mine = unfenced_[static_cast<size_t>(thread.number)];
  for (uint32_t line : mine) {
    Written& written = lines_[line];
    if (written.writer != thread.number) continue;
    written.fenced = true;
    written.generation = thread.block->generation;
    written.clock = thread.clock;
  }
  mine.clear();
}

void ProxyFences::require(const Thread& thread, uint32_t offset, const Site& site) const {
  const Written& written = lines_[offset / LINE];
  if (written.writer == NOBODY) return;
  if (!written.fenced) {
    fail(thread, site, text("proxy: bytes ", offset, " to ", offset + LINE - 1, " of shared memory were written by thread ", written.writer, " at ",
                            written.site, " without a fence.proxy.async before this asynchronous use"));
  }
  bool known = written.writer == thread.number || written.generation != thread.block->generation ||
               thread.known.knows(written.generation, written.writer, written.clock);
  if (!known) fail(thread, site, text("proxy: nothing orders the fence.proxy.async of thread ", written.writer, " before this asynchronous use"));
}

}  // namespace emulated
