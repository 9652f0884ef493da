package org.conceptclip.batch;

import java.util.Comparator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Threads that decode admitted images, higher priorities first, into slots of a pool. Whatever happens to an image, its admission is
 * ended. What waits here is bounded by admission. Thread-safe.
 */
final class DecodeStage implements AutoCloseable {
  private static final Task END = new Task(null, null, Integer.MAX_VALUE, Long.MAX_VALUE);

  private final PixelPool pool;
  private final int imageSize;
  private final StageClocks clocks;
  private final AtomicLong nextNumber = new AtomicLong();
  private final Workers<Task> workers;

  private record Task(Admission<Payload, Object> admission, ImageInput input, int rank, long number) {}

  /** @param readers makes a reader for each thread, on it */
  DecodeStage(int threads, int imageSize, PixelPool pool, StageClocks clocks, Supplier<ImageReader> readers) {
    this.pool = pool;
    this.imageSize = imageSize;
    this.clocks = clocks;
    Comparator<Task> order = Comparator.comparingInt(Task::rank).thenComparingLong(Task::number);
    this.workers = new Workers<>("conceptclip-decode", threads, new PriorityBlockingQueue<>(64, order), END, () -> worker(readers.get()));
  }

  int threads() {
    return workers.count();
  }

  /** Images that no thread has begun with. */
  int waiting() {
    return workers.waiting().size();
  }

  /** Decodes an image for this admission, which is ended here. */
  void submit(Admission<Payload, Object> admission, ImageInput input, Priority priority) {
    workers.add(new Task(admission, input, priority.ordinal(), nextNumber.getAndIncrement()));
  }

  private Workers.Worker<Task> worker(ImageReader reader) {
    return new Workers.Worker<>() {
      @Override
      public void work(Task task) {
        end(task.admission(), reader, task.input());
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }

  private void end(Admission<Payload, Object> admission, ImageReader reader, ImageInput input) {
    Payload payload;
    try {
      if (admission.isOver()) {
        admission.fail(new CancellationException("nobody waits for it any more"));
        return;
      }
      payload = decoded(reader, input);
    } catch (Throwable failure) {
      // Errors, too: no memory for this image may well be memory enough for the next.
      admission.fail(failure);
      return;
    }
    admission.ready(payload);
  }

  private Payload decoded(ImageReader reader, ImageInput input) {
    long begin = System.nanoTime();
    PixelPool.Slot slot = pool.lease();
    try {
      reader.read(input, imageSize, slot.pixels().data());
      return new Payload.Image(slot.pixels(), slot);
    } catch (Throwable failure) {
      slot.close();
      throw failure;
    } finally {
      clocks.add(Stage.DECODE, System.nanoTime() - begin, 1);
    }
  }

  /** Waits for the threads, after they have done what waits. */
  @Override
  public void close() {
    workers.close();
  }
}
