package org.conceptclip.backend.cuda.driver.emulated;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.conceptclip.backend.DeviceException.Kind;
import org.conceptclip.backend.cuda.driver.CudaException;

/**
 * A stream that does its work only when a caller waits for it: as late as CUDA allows, so that memory which is reused too early,
 * or a wait that is missing between streams, shows as wrong data. Guarded by its driver's lock.
 */
final class EmulatedStream {
  /** A point in a stream's work. */
  static final class Mark {
    private final EmulatedStream stream;
    private final Capture captureOrNull;
    private boolean done;

    private Mark(EmulatedStream stream, Capture captureOrNull) {
      this.stream = stream;
      this.captureOrNull = captureOrNull;
    }

    /** Does the stream's work up to here. */
    void reach() {
      while (!done) {
        stream.next();
      }
    }

    private void arrive() {
      done = true;
    }
  }

  /** Work that is recorded instead of queued. */
  static final class Capture {
    private final List<Runnable> work = new ArrayList<>();
    private boolean valid = true;
  }

  private final Queue<Runnable> pending = new ArrayDeque<>();
  private Capture capture;

  /** Queues work, or records it while the stream is captured. */
  void submit(Runnable work) {
    if (capture != null) {
      capture.work.add(work);
    } else {
      pending.add(work);
    }
  }

  /** A mark after all work so far. In a capture it has no effect: a graph keeps the order of its work anyway. */
  Mark mark() {
    Mark mark = new Mark(this, capture);
    if (capture == null) {
      pending.add(mark::arrive);
    }
    return mark;
  }

  /** Later work begins after the mark. */
  void await(Mark mark) {
    if (mark.captureOrNull != capture) {
      throw new CudaException(Kind.FAILED, "cuStreamWaitEvent", "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
          "the emulated device captures the work of one stream, without events of other streams");
    }
    if (capture == null) {
      pending.add(mark::reach);
    }
  }

  /** Rejects the call, and invalidates the capture, while the stream is captured. */
  void requireNotCaptured(String call) {
    if (capture != null) {
      capture.valid = false;
      throw new CudaException(Kind.FAILED, call, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "the stream is being captured");
    }
  }

  /** Does all work. */
  void drain() {
    while (!pending.isEmpty()) {
      next();
    }
  }

  void discard() {
    pending.clear();
    capture = null;
  }

  void beginCapture() {
    if (capture != null) {
      throw new CudaException(Kind.FAILED, "cuStreamBeginCapture", "CUDA_ERROR_ILLEGAL_STATE", "the stream is being captured");
    }
    capture = new Capture();
  }

  /** The work recorded since {@link #beginCapture}. */
  List<Runnable> endCapture() {
    Capture ended = capture;
    capture = null;
    if (ended == null) {
      throw new CudaException(Kind.FAILED, "cuStreamEndCapture", "CUDA_ERROR_ILLEGAL_STATE", "the stream is not being captured");
    }
    if (!ended.valid) {
      throw new CudaException(Kind.FAILED, "cuStreamEndCapture", "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
          "the stream was waited for during its capture");
    }
    return List.copyOf(ended.work);
  }

  private void next() {
    pending.remove().run();
  }
}
