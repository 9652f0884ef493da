package org.conceptclip.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.conceptclip.backend.cuda.driver.CudaDriver;

/** Records the work of all streams in its order, and lets a test delay threads that wait for a stream. */
final class TracingDriver extends ForwardingDriver {
  /** One call; {@code event} is 0 for those that have none. */
  record Step(Call call, long stream, long event) {}

  private final List<Step> steps = new ArrayList<>();
  private volatile LongConsumer beforeSynchronize = stream -> {};
  private volatile LongConsumer beforeRecord = stream -> {};

  TracingDriver(CudaDriver inner) {
    super(inner);
  }

  /** Runs in every thread that is about to wait for a stream. */
  void beforeSynchronize(LongConsumer what) {
    beforeSynchronize = what;
  }

  /** Runs before an event is recorded on a stream: what it gives the stream is done before the event. */
  void beforeRecord(LongConsumer what) {
    beforeRecord = what;
  }

  synchronized void reset() {
    steps.clear();
  }

  synchronized List<Step> steps() {
    return List.copyOf(steps);
  }

  private synchronized void add(Call call, long stream, long event) {
    steps.add(new Step(call, stream, event));
  }

  @Override
  void before(Call call, long bytes) {}

  @Override
  public void copyToDevice(long to, MemorySegment from, long stream) {
    add(Call.COPY_TO_DEVICE, stream, 0);
    super.copyToDevice(to, from, stream);
  }

  @Override
  public void copyToHost(MemorySegment to, long from, long stream) {
    add(Call.COPY_TO_HOST, stream, 0);
    super.copyToHost(to, from, stream);
  }

  @Override
  public void launchGraph(long graph, long stream) {
    add(Call.LAUNCH_GRAPH, stream, 0);
    super.launchGraph(graph, stream);
  }

  @Override
  public void record(long event, long stream) {
    beforeRecord.accept(stream);
    add(Call.RECORD, stream, event);
    super.record(event, stream);
  }

  @Override
  public void await(long stream, long event) {
    add(Call.AWAIT, stream, event);
    super.await(stream, event);
  }

  @Override
  public void synchronize(long stream) {
    beforeSynchronize.accept(stream);
    super.synchronize(stream);
    add(Call.SYNCHRONIZE, stream, 0);
  }
}
