package org.conceptclip.batch;

import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.util.Closer;

/**
 * Threads that decode admitted images into slots of a pool, higher priorities first, callers of one priority evenly. The admission of every
 * image is ended, also when decoding fails. An image whose request is over leaves the queue at once, and its decode ends at the next
 * checkpoint. The queues are bounded by the batcher's admission. Owns the reader. Thread-safe.
 *
 * <p>A decode that is estimated to take long, or takes long, is moved to threads for large images, a quarter as many. So small images find
 * a thread soon, however many large ones there are. All threads together are more than cores; the large images share them with all other
 * work.
 */
final class DecodeStage implements AutoCloseable {
  private final PixelPool pool;
  private final int imageSize;
  private final StageClocks clocks;
  private final ImageReader reader;
  private final ReentrantLock lock = new ReentrantLock();
  private final DecodeQueue small;
  private final DecodeQueue large;
  private final Closer workers = new Closer();
  private final int threads;
  private volatile boolean largeEnded;

  /** @param threads for small images */
  DecodeStage(int threads, int imageSize, PixelPool pool, StageClocks clocks, ImageReader reader) {
    this.threads = threads;
    this.pool = pool;
    this.imageSize = imageSize;
    this.clocks = clocks;
    this.reader = reader;
    int threadsForLarge = Math.max(1, threads / 4);
    this.small = new DecodeQueue(lock, threads, task -> run(task, false));
    this.large = new DecodeQueue(lock, threadsForLarge, task -> run(task, true));
    workers.own(reader);
    try {
      workers.own(new Workers("conceptclip-decode", threads, small));
      workers.own(new Workers("conceptclip-decode-large", threadsForLarge, large));
    } catch (Throwable failure) {
      workers.closeAfter(failure);
      throw failure;
    }
  }

  /** Threads for small images. */
  int threads() {
    return threads;
  }

  /** Images that no thread has started, small or large. */
  int waiting() {
    return small.size() + large.size();
  }

  /** Queues an image; a thread decodes it and ends the admission. If this fails, the admission stays with the caller. */
  void submit(Admission<Payload, Encoding> admission, ImageInput input, RequestOptions options) {
    DecodeTask task = new DecodeTask(this, admission, input, options);
    // A caller that withdraws must get its place back at once, and not when a thread comes to the image.
    admission.future().whenComplete((result, failure) -> withdraw(task));
    add(small, task);
  }

  private void add(DecodeQueue queue, DecodeTask task) {
    queue.add(task);
    if (task.admission.isOver()) {
      // It may have been withdrawn before it waited here.
      withdraw(task);
    }
  }

  private void withdraw(DecodeTask task) {
    if (task.waitsIn != null && removed(task)) {
      task.admission.fail(new CancellationException("the request was cancelled or has expired"));
    }
  }

  private boolean removed(DecodeTask task) {
    lock.lock();
    try {
      boolean waits = task.waitsIn != null;
      if (waits) {
        task.waitsIn.remove(task);
      }
      return waits;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the large images that wait or are being decoded, and those that come, with {@link BatcherClosedException}. Returns at once. */
  void endLarge() {
    largeEnded = true;
  }

  /** Throws if large images are no longer decoded. */
  void requireLarge() {
    if (largeEnded) {
      throw new BatcherClosedException("closed before the image, which takes long to decode, was decoded");
    }
  }

  private void run(DecodeTask task, boolean byThreadForLarge) {
    if (task.worker != Thread.currentThread() || !task.admission.isOpen()) {
      // This thread was thrown out when its work was done: the image has moved on, or its admission has ended.
      return;
    }
    freeSlot(task);
    Payload payload;
    try {
      task.taken(byThreadForLarge);
      task.check();
      payload = decoded(task, byThreadForLarge);
    } catch (Throwable failure) {
      if (failure == DecodeTask.LARGE) {
        move(task);
      } else {
        // Includes Errors: memory that did not suffice for this image may suffice for the next.
        task.admission.fail(failure);
      }
      return;
    }
    task.admission.ready(payload);
    task.slot = null;
  }

  private static void freeSlot(DecodeTask task) {
    if (task.slot != null) {
      PixelPool.Slot slot = task.slot;
      task.slot = null;
      slot.close();
    }
  }

  private void move(DecodeTask task) {
    try {
      requireLarge();
      add(large, task);
    } catch (Throwable failure) {
      task.admission.fail(failure);
    }
  }

  private Payload decoded(DecodeTask task, boolean byThreadForLarge) {
    long begin = System.nanoTime();
    task.slot = pool.lease();
    try {
      reader.read(task.input, imageSize, task.slot.pixels().data(), task);
      return new Payload.Image(task.slot.pixels(), task.slot);
    } catch (Throwable failure) {
      freeSlot(task);
      throw failure;
    } finally {
      if (!byThreadForLarge) {
        clocks.add(Stage.DECODE, System.nanoTime() - begin, 1);
      }
    }
  }

  /** Waits until the threads have decoded all waiting images and ended. */
  @Override
  public void close() {
    workers.close();
  }
}
