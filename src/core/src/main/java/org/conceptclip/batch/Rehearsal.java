package org.conceptclip.batch;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.conceptclip.tensor.BadInputException;

/**
 * Lets requests of a small batcher of its own end in every way there is. The JVM loads a class, and runs its initialiser, where it is first
 * needed. In the midst of a change of state that would be where a change fails half way if memory is short then, and a class whose
 * initialiser runs out of memory is lost to the process. In a JVM that has been through this, the end of a request needs nothing new.
 */
final class Rehearsal {
  private static final RequestOptions SOON = RequestOptions.DEFAULT.withTimeout(Duration.ofNanos(1));

  /** What happens to a batch. */
  private enum Fate { DONE, FAILED, LOST }

  private final StageClocks clocks = new StageClocks();
  private final SystemTiming timing = new SystemTiming();
  private final Completions completions = new Completions(1, clocks);

  private Rehearsal() {}

  /** Takes some milliseconds the first time. */
  static void run() {
    Rehearsal rehearsal = new Rehearsal();
    try (rehearsal.timing; rehearsal.completions) {
      rehearsal.endings();
      rehearsal.losses();
      rehearsal.hurry();
    }
  }

  private Batcher<Fate, Fate, Fate> batcher() {
    BatchLimits limits = new BatchLimits(2, 2, false);
    List<Lane> lanes = List.of(new Lane("first"), new Lane("second"));
    return new Batcher<>(new BatcherOptions(Duration.ZERO, 1), kind -> limits, lanes, timing, completions, fate -> {},
        List.of(new BatchListener<Fate>() {}));
  }

  private void endings() {
    try (Batcher<Fate, Fate, Fate> batcher = batcher()) {
      Admission<Fate, Fate> done = batcher.admit(Fate.DONE, 1, RequestOptions.DEFAULT);
      done.ready(Fate.DONE);
      end(done.future());
      Admission<Fate, Fate> one = batcher.admit(Fate.FAILED, 1, RequestOptions.DEFAULT);
      Admission<Fate, Fate> other = batcher.admit(Fate.FAILED, 1, RequestOptions.DEFAULT);
      one.ready(Fate.FAILED);
      other.ready(Fate.FAILED);
      end(one.future());
      end(other.future());
      Admission<Fate, Fate> unprepared = batcher.admit(Fate.DONE, 1, RequestOptions.DEFAULT);
      unprepared.fail(new BadInputException("rehearsal"));
      end(unprepared.future());
      Admission<Fate, Fate> cancelled = batcher.admit(Fate.DONE, 1, RequestOptions.DEFAULT);
      cancelled.future().cancel(false);
      cancelled.ready(Fate.DONE);
      Admission<Fate, Fate> expired = batcher.admit(Fate.DONE, 1, SOON);
      end(expired.future());
      expired.ready(Fate.DONE);
      overload(batcher);
    }
  }

  private static void overload(Batcher<Fate, Fate, Fate> batcher) {
    Admission<Fate, Fate> filler = batcher.admit(Fate.DONE, 1_000, RequestOptions.DEFAULT);
    try {
      batcher.admit(Fate.DONE, 1_000, RequestOptions.DEFAULT).ready(Fate.DONE);
    } catch (OverloadedException rejected) {
      // As it should be.
    }
    filler.ready(Fate.DONE);
    end(filler.future());
  }

  private void losses() {
    Batcher<Fate, Fate, Fate> batcher = batcher();
    end(batcher.submit(Fate.LOST, 1, RequestOptions.DEFAULT, Fate.LOST));
    batcher.close();
    try {
      batcher.admit(Fate.DONE, 1, RequestOptions.DEFAULT).ready(Fate.DONE);
    } catch (BatcherClosedException | ReplicasLostException rejected) {
      // As it should be.
    }
  }

  private void hurry() {
    try (Batcher<Fate, Fate, Fate> batcher = batcher()) {
      Admission<Fate, Fate> dropped = batcher.admit(Fate.DONE, 1, RequestOptions.DEFAULT);
      batcher.beginClose();
      batcher.hurry();
      end(dropped.future());
      dropped.fail(new BatcherClosedException("rehearsal"));
    }
  }

  private static void end(CompletableFuture<Fate> future) {
    future.handle((result, failure) -> result).join();
  }

  /** Ends its batches at once. */
  private record Lane(String name) implements Replica<Fate, Fate, Fate> {
    @Override
    public int lanes() {
      return 1;
    }

    @Override
    public void begin(Batch<Fate, Fate, Fate> batch) {
      switch (batch.payloads().getFirst()) {
        case DONE -> batch.done(Collections.nCopies(batch.payloads().size(), Fate.DONE));
        case FAILED -> batch.failed(new IllegalStateException("rehearsal"));
        case LOST -> batch.lost(new IllegalStateException("rehearsal"));
      }
    }
  }
}
