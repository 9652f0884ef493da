package org.conceptclip.backend.cuda;

import java.util.EnumSet;
import java.util.Set;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.cuda.driver.CudaDriver;
import org.conceptclip.backend.cuda.driver.CudaException;
import org.conceptclip.backend.cuda.driver.DeviceHealth;

/**
 * Fails one call, the n-th, once. Work is not done then; what gives something back does so all the same, as CUDA does when it reports
 * an earlier failure there. A device that is lost stays so, as every driver has to see to. Remembers what was alive when it was closed.
 */
final class FailingDriver extends ForwardingDriver {
  private final DeviceException.Kind kind;
  private final long failingCall;
  private final Set<Call> counted;
  private final DeviceHealth health = new DeviceHealth();
  private long calls;
  private CudaException planted;
  private boolean pending;
  private long bytesAtClose = -1;
  private long objectsAtClose = -1;

  /** @param failingCall counted from 1 */
  FailingDriver(CudaDriver inner, DeviceException.Kind kind, long failingCall) {
    this(inner, kind, failingCall, EnumSet.allOf(Call.class));
  }

  /** @param counted calls that are counted: others never fail */
  FailingDriver(CudaDriver inner, DeviceException.Kind kind, long failingCall, Set<Call> counted) {
    super(inner);
    this.kind = kind;
    this.failingCall = failingCall;
    this.counted = counted;
  }

  /** Calls that work makes and loading a model does not. */
  static Set<Call> afterLoading() {
    return EnumSet.of(Call.RECORD, Call.AWAIT, Call.MATMUL, Call.LAUNCH_GRAPH, Call.BEGIN_CAPTURE, Call.END_CAPTURE, Call.COPY_TO_HOST);
  }

  /** What was thrown, or {@code null} as long as the call has not come. */
  synchronized CudaException planted() {
    return planted;
  }

  long bytesAtClose() {
    return bytesAtClose;
  }

  long objectsAtClose() {
    return objectsAtClose;
  }

  @Override
  synchronized void before(Call call, long bytes) {
    if (call == Call.CLOSE) {
      bytesAtClose = allocatedBytes();
      objectsAtClose = liveObjects();
      return;
    }
    if (!call.releases()) {
      health.requireAlive(call.name());
    }
    if (counted.contains(call) && ++calls == failingCall) {
      planted = health.note(new CudaException(kind, call.name(), "PLANTED", "call " + calls));
      if (!call.releases()) {
        throw planted;
      }
      pending = true;
    }
  }

  @Override
  synchronized void afterRelease(Call call) {
    if (pending) {
      pending = false;
      throw planted;
    }
  }
}
