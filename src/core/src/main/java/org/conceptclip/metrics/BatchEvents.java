package org.conceptclip.metrics;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Percentage;
import jdk.jfr.StackTrace;
import jdk.jfr.Throttle;
import jdk.jfr.Timespan;
import org.conceptclip.batch.BatchListener;
import org.conceptclip.batch.BatchReport;
import org.conceptclip.batch.Priority;

/**
 * Writes what happens in an engine as events of the Java Flight Recorder: {@code conceptclip.Batch} for each batch, {@code
 * conceptclip.RequestRefused} and {@code conceptclip.ReplicaLost}. docs/metrics.md lists their fields. While no recording runs, an
 * event costs a few nanoseconds.
 *
 * <p>The event of a batch is written when the batch has ended; its duration is a field. Thread-safe.
 *
 * @param <K> kind of work
 */
public final class BatchEvents<K> implements BatchListener<K> {
  private final Function<? super K, String> kindNames;

  private BatchEvents(Function<? super K, String> kindNames) {
    this.kindNames = kindNames;
  }

  /**
   * A listener that writes events. Empty in a Java runtime without the module {@code jdk.jfr}.
   *
   * @param kindNames gives the value of the field {@code kind} for a kind of work
   */
  public static <K> Optional<BatchListener<K>> ifAvailable(Function<? super K, String> kindNames) {
    // The event classes below are loaded only when a method of the listener runs.
    return ModuleLayer.boot().findModule("jdk.jfr").map(module -> new BatchEvents<>(kindNames));
  }

  @Override
  public void batchEnded(BatchReport<K> report) {
    if (!isRecorded()) {
      return;
    }
    write(BatchEvent::new, event -> {
      event.replica = report.replica();
      event.kind = kindNames.apply(report.kind());
      event.requests = report.requests();
      event.tokens = report.cost();
      event.fill = (float) report.cost() / report.maxCost();
      event.oldestWait = report.oldestWaitNanos();
      event.computeTime = report.computeNanos();
      event.retry = report.retry();
      event.failure = report.failureOrNull() == null ? null : report.failureOrNull().toString();
    });
  }

  @Override
  public void refused(K kind, Priority priority, int cost) {
    if (!isRecorded()) {
      return;
    }
    write(RefusedEvent::new, event -> {
      event.kind = kindNames.apply(kind);
      event.priority = priority.name();
      event.tokens = cost;
    });
  }

  @Override
  public void replicaLost(String replica, Throwable cause) {
    if (!isRecorded()) {
      return;
    }
    write(LostEvent::new, event -> {
      event.replica = replica;
      event.cause = cause.toString();
    });
  }

  /**
   * Whether there is a recorder, without which there is no recording. Making an event would start the recorder's machinery, which takes
   * tens of milliseconds. Asked before any lambda, which takes memory.
   */
  private static boolean isRecorded() {
    return FlightRecorder.isInitialized();
  }

  private static <E extends Event> void write(Supplier<E> type, Consumer<E> fields) {
    E event = type.get();
    if (event.isEnabled()) {
      fields.accept(event);
      event.commit();
    }
  }

  @Name("conceptclip.Batch")
  @Label("Batch")
  @Description("A batch ended, successfully or not")
  @Category("ConceptCLIP")
  @StackTrace(false)
  private static final class BatchEvent extends Event {
    @Label("Replica")
    String replica;

    @Label("Kind of work")
    String kind;

    @Label("Requests")
    int requests;

    @Label("Tokens")
    long tokens;

    @Label("Fill")
    @Description("tokens over the budget of a batch")
    @Percentage
    float fill;

    @Label("Oldest wait")
    @Description("longest time that one of its requests waited after its payload was ready")
    @Timespan(Timespan.NANOSECONDS)
    long oldestWait;

    @Label("Compute time")
    @Description("from its start on the replica to its end")
    @Timespan(Timespan.NANOSECONDS)
    long computeTime;

    @Label("Retry")
    @Description("whether it repeated a part of a batch that failed")
    boolean retry;

    @Label("Failure")
    String failure;
  }

  // Throttled, because overload may reject a million requests per second. The meter counts all of them.
  @Name("conceptclip.RequestRefused")
  @Label("Request refused")
  @Description("A request was rejected because of overload")
  @Category("ConceptCLIP")
  @StackTrace(false)
  @Throttle("100/s")
  private static final class RefusedEvent extends Event {
    @Label("Kind of work")
    String kind;

    @Label("Priority")
    String priority;

    @Label("Tokens")
    int tokens;
  }

  @Name("conceptclip.ReplicaLost")
  @Label("Replica lost")
  @Description("A replica lost its device and gets no more batches")
  @Category("ConceptCLIP")
  @StackTrace(false)
  private static final class LostEvent extends Event {
    @Label("Replica")
    String replica;

    @Label("Cause")
    String cause;
  }
}
