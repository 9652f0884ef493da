package org.conceptclip.backend.cuda;

import java.util.EnumMap;
import java.util.Map;
import org.conceptclip.backend.cuda.driver.CudaDriver;

/** Counts calls and bytes. */
final class CountingDriver extends ForwardingDriver {
  private final Map<Call, Long> calls = new EnumMap<>(Call.class);
  private final Map<Call, Long> bytes = new EnumMap<>(Call.class);

  CountingDriver(CudaDriver inner) {
    super(inner);
  }

  @Override
  synchronized void before(Call call, long size) {
    calls.merge(call, 1L, Long::sum);
    bytes.merge(call, size, Long::sum);
  }

  synchronized void reset() {
    calls.clear();
    bytes.clear();
  }

  /** Calls by kind since the last reset, without kinds that were not called. */
  synchronized Map<Call, Long> calls() {
    return new EnumMap<>(calls);
  }

  synchronized long bytes(Call call) {
    return bytes.getOrDefault(call, 0L);
  }
}
