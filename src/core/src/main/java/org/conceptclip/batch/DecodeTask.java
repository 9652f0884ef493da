package org.conceptclip.batch;

import java.util.concurrent.CancellationException;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.runtime.Encoding;

/**
 * An image on its way through the {@link DecodeStage}, its place in the stage's queues, and the checkpoint of its decode. A decode is used
 * by one thread at a time.
 */
final class DecodeTask extends FairQueue.Entry<DecodeTask> implements DecodeCheckpoint {
  /** Ends a decode on the threads for small images, to begin again on those for large ones. Compared by identity. */
  static final RuntimeException LARGE = new Stop("a large image");

  private static final long LARGE_NANOS = 50_000_000;
  /** An image that was estimated to be small and is not done after this time counts as a large one. */
  private static final long OVERDUE_NANOS = 500_000_000;
  private static final long NANOS_PER_COST = 1_000_000;

  final Admission<Payload, Encoding> admission;
  final ImageInput input;
  final Priority priority;
  private final String caller;
  private final DecodeStage stage;
  private long estimatedNanos;
  private long beganNanos;
  private boolean amongLarge;

  /** The slot that it is decoded into; {@code null} if it has none, or has handed it over. Used by the decoding thread. */
  PixelPool.Slot slot;

  /** The thread that took this; {@code null} if it waits. Guarded by the stage's lock until a thread has it. */
  volatile Thread worker;

  /** The queue that this waits in; {@code null} if none. Guarded by the stage's lock. */
  DecodeQueue waitsIn;

  /** Control flow, so it has no stack trace. */
  private static final class Stop extends RuntimeException {
    Stop(String message) {
      super(message, null, false, false);
    }
  }

  DecodeTask(DecodeStage stage, Admission<Payload, Encoding> admission, ImageInput input, RequestOptions options) {
    this.stage = stage;
    this.admission = admission;
    this.input = input;
    this.priority = options.priority();
    this.caller = options.caller();
  }

  /** A thread takes this up. */
  void taken(boolean byThreadForLarge) {
    amongLarge = byThreadForLarge;
    beganNanos = System.nanoTime();
  }

  @Override
  public void begin(long nanos) {
    estimatedNanos = nanos;
    check();
    if (!amongLarge && nanos > LARGE_NANOS) {
      throw LARGE;
    }
  }

  @Override
  public void check() {
    if (admission.isOver()) {
      throw new CancellationException("the request was cancelled or has expired");
    }
    if (amongLarge) {
      stage.requireLarge();
    } else if (System.nanoTime() - beganNanos > OVERDUE_NANOS) {
      throw LARGE;
    }
  }

  @Override
  String caller() {
    return caller;
  }

  /** Small images count alike, large ones by the time that they are estimated to take. */
  @Override
  long cost() {
    return Math.clamp(estimatedNanos / NANOS_PER_COST, 1, 1_000_000);
  }

  @Override
  long rank() {
    throw new UnsupportedOperationException("images have no deadline here");
  }

  @Override
  long number() {
    throw new UnsupportedOperationException("images have no deadline here");
  }
}
