package org.conceptclip.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import org.conceptclip.batch.BatchListener.Ending;
import org.conceptclip.batch.Priority;

/**
 * The meters of one kind of work. They are looked up once, because a registry takes half a microsecond to find a meter by its tags,
 * too long for every request.
 */
final class KindMeters {
  final LongAdder active = new LongAdder();
  final DistributionSummary batchRequests;
  final DistributionSummary batchTokens;
  final DistributionSummary batchFill;
  final Timer batchWait;
  final Counter retries;
  private final Timer[][] total = new Timer[Priority.values().length][Ending.values().length];
  private final Timer[] wait = new Timer[Priority.values().length];
  private final Counter[] refused = new Counter[Priority.values().length];

  KindMeters(OwnedMeters meters, Tags tags) {
    meters.gauge("requests.active", null, "requests that were admitted and have not ended", tags, active, LongAdder::sum);
    batchRequests = meters.summary("batch.requests", null, "requests of a batch", tags);
    batchTokens = meters.summary("batch.tokens", "tokens", "cost of a batch", tags);
    batchFill = meters.summary("batch.fill", null, "cost of a batch over the budget of one", tags);
    batchWait = meters.timer("batch.wait", "longest time that a request of a batch waited after its payload was ready", tags);
    retries = meters.counter("batch.retries", "batches that repeated a part of a failed batch", tags);
    for (Priority priority : Priority.values()) {
      addPriority(meters, tags.and("priority", lower(priority)), priority.ordinal());
    }
  }

  private void addPriority(OwnedMeters meters, Tags tags, int priority) {
    wait[priority] = meters.timer(
        "requests.wait", "from the moment the payload was ready to the start of its batch, of requests that succeeded", tags);
    refused[priority] = meters.counter("requests.refused", "requests that were rejected because of overload", tags);
    for (Ending ending : Ending.values()) {
      total[priority][ending.ordinal()] = meters.timer("requests", "from admission to the end", tags.and("outcome", lower(ending)));
    }
  }

  Timer total(Priority priority, Ending ending) {
    return total[priority.ordinal()][ending.ordinal()];
  }

  Timer waitOf(Priority priority) {
    return wait[priority.ordinal()];
  }

  Counter refused(Priority priority) {
    return refused[priority.ordinal()];
  }

  static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
