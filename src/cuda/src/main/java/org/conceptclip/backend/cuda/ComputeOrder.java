package org.conceptclip.backend.cuda;

import org.conceptclip.backend.cuda.driver.CudaDriver;

/**
 * Lets the lanes of a device compute one after the other, in the order in which they were given their work, while their copies overlap.
 *
 * <p>Two passes at once would share the multiprocessors: both would end late, and the first caller would wait for the second one's work.
 * Copies have engines of their own. So a lane's computing awaits the event behind the previous computing, while its copies, which its
 * stream got before, await nothing. Thread-safe.
 */
final class ComputeOrder {
  private final CudaDriver driver;
  private Turn latestOrNull;

  ComputeOrder(CudaDriver driver) {
    this.driver = driver;
  }

  /** A stream's part in the order. Its owner closes it when the stream is gone. */
  Turn join(long stream) {
    return new Turn(stream, driver.createEvent());
  }

  /** Turns of one stream. Owns the event that marks the end of the latest. */
  final class Turn implements AutoCloseable {
    private final long stream;
    private final long computed;

    private Turn(long stream, long computed) {
      this.stream = stream;
      this.computed = computed;
    }

    /**
     * Gives the stream work that begins after all computing that streams were given before. Blocks other lanes meanwhile: the event that
     * the next one has to await must be recorded first.
     */
    void compute(Runnable launches) {
      synchronized (ComputeOrder.this) {
        if (latestOrNull != null && latestOrNull != this) {
          driver.await(stream, latestOrNull.computed);
        }
        launches.run();
        driver.record(computed, stream);
        latestOrNull = this;
      }
    }

    /** New work no longer awaits the event; streams that already await it still do. */
    @Override
    public void close() {
      synchronized (ComputeOrder.this) {
        if (latestOrNull == this) {
          latestOrNull = null;
        }
      }
      driver.destroyEvent(computed);
    }
  }
}
