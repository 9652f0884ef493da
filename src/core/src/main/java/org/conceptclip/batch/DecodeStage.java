package org.conceptclip.batch;

import java.util.Comparator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.conceptclip.image.DecodeCheckpoint;
import org.conceptclip.runtime.Encoding;

/**
 * Threads that decode admitted images into slots of a pool, higher priorities first. The admission of every image is ended, also when
 * decoding fails. The queue is bounded by the batcher's admission. Owns the reader. Thread-safe.
 */
final class DecodeStage implements AutoCloseable {
  private final PixelPool pool;
  private final int imageSize;
  private final StageClocks clocks;
  private final ImageReader reader;
  private final AtomicLong nextNumber = new AtomicLong();
  private final Workers workers;

  DecodeStage(int threads, int imageSize, PixelPool pool, StageClocks clocks, ImageReader reader) {
    this.pool = pool;
    this.imageSize = imageSize;
    this.clocks = clocks;
    this.reader = reader;
    this.workers = new Workers("conceptclip-decode", threads, new PriorityBlockingQueue<>());
  }

  int threads() {
    return workers.getCorePoolSize();
  }

  /** Images that no thread has started. */
  int waiting() {
    return workers.waiting();
  }

  /** Queues an image; a thread decodes it and ends the admission. */
  void submit(Admission<Payload, Encoding> admission, ImageInput input, Priority priority) {
    workers.execute(new Task(priority, nextNumber.getAndIncrement(), () -> end(admission, input)));
  }

  private record Task(Priority priority, long number, Runnable work) implements Runnable, Comparable<Task> {
    private static final Comparator<Task> ORDER = Comparator.comparing(Task::priority).thenComparingLong(Task::number);

    @Override
    public int compareTo(Task other) {
      return ORDER.compare(this, other);
    }

    @Override
    public void run() {
      work.run();
    }
  }

  private void end(Admission<Payload, Encoding> admission, ImageInput input) {
    Payload payload;
    try {
      if (admission.isOver()) {
        admission.fail(new CancellationException("the request was cancelled or has expired"));
        return;
      }
      payload = decoded(input);
    } catch (Throwable failure) {
      // Includes Errors: memory that did not suffice for this image may suffice for the next.
      admission.fail(failure);
      return;
    }
    admission.ready(payload);
  }

  private Payload decoded(ImageInput input) {
    long begin = System.nanoTime();
    PixelPool.Slot slot = pool.lease();
    try {
      reader.read(input, imageSize, slot.pixels().data(), DecodeCheckpoint.NONE);
      return new Payload.Image(slot.pixels(), slot);
    } catch (Throwable failure) {
      slot.close();
      throw failure;
    } finally {
      clocks.add(Stage.DECODE, System.nanoTime() - begin, 1);
    }
  }

  /** Waits until the threads have decoded all waiting images and ended. */
  @Override
  public void close() {
    workers.close();
    reader.close();
  }
}
