package org.conceptclip.batch;

import java.util.Comparator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.conceptclip.runtime.Encoding;

/**
 * Threads that decode admitted images into slots of a pool, higher priorities first. The admission of every image is ended, also when
 * decoding fails. The queue is bounded by the batcher's admission. Thread-safe.
 */
final class DecodeStage implements AutoCloseable {
  private static final Task END = new Task(null, null, Integer.MAX_VALUE, Long.MAX_VALUE);

  private final PixelPool pool;
  private final int imageSize;
  private final StageClocks clocks;
  private final AtomicLong nextNumber = new AtomicLong();
  private final Workers<Task> workers;

  private record Task(Admission<Payload, Encoding> admission, ImageInput input, int rank, long number) {}

  /** @param readers makes the reader of each thread; called on that thread */
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

  /** Images that no thread has started. */
  int waiting() {
    return workers.waiting().size();
  }

  /** Queues an image; a thread decodes it and ends the admission. */
  void submit(Admission<Payload, Encoding> admission, ImageInput input, Priority priority) {
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

  private void end(Admission<Payload, Encoding> admission, ImageReader reader, ImageInput input) {
    Payload payload;
    try {
      if (admission.isOver()) {
        admission.fail(new CancellationException("the request was cancelled or has expired"));
        return;
      }
      payload = decoded(reader, input);
    } catch (Throwable failure) {
      // Includes Errors: memory that did not suffice for this image may suffice for the next.
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

  /** Waits until the threads have decoded all waiting images and ended. */
  @Override
  public void close() {
    workers.close();
  }
}
