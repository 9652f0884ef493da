package org.conceptclip.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
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
    meters.add(Gauge.builder("conceptclip.requests.active", active::sum)
        .description("requests that were admitted and have not ended")
        .tags(tags));
    batchRequests = meters.add(DistributionSummary.builder("conceptclip.batch.requests")
        .description("requests of a batch")
        .tags(tags));
    batchTokens = meters.add(DistributionSummary.builder("conceptclip.batch.tokens")
        .description("cost of a batch")
        .baseUnit("tokens")
        .tags(tags));
    batchFill = meters.add(DistributionSummary.builder("conceptclip.batch.fill")
        .description("cost of a batch over the budget of one")
        .tags(tags));
    batchWait = meters.add(Timer.builder("conceptclip.batch.wait")
        .description("longest time that a request of a batch waited after its payload was ready")
        .tags(tags));
    retries = meters.add(Counter.builder("conceptclip.batch.retries")
        .description("batches that repeated a part of a failed batch")
        .tags(tags));
    for (Priority priority : Priority.values()) {
      addPriority(meters, tags.and("priority", lower(priority)), priority.ordinal());
    }
  }

  private void addPriority(OwnedMeters meters, Tags tags, int priority) {
    wait[priority] = meters.add(Timer.builder("conceptclip.requests.wait")
        .description("from the moment the payload was ready to the start of its batch, of requests that succeeded")
        .tags(tags));
    refused[priority] = meters.add(Counter.builder("conceptclip.requests.refused")
        .description("requests that were rejected because of overload")
        .tags(tags));
    for (Ending ending : Ending.values()) {
      total[priority][ending.ordinal()] = meters.add(Timer.builder("conceptclip.requests")
          .description("from admission to the end")
          .tags(tags.and("outcome", lower(ending))));
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
