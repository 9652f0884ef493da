package org.conceptclip.bench.throughput;

import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;

/**
 * A contestant whose runs are streams of passes without a pause, about as long as is asked for: what a machine does that is kept busy. A
 * sample's time is that of one pass. The contestant belongs to the caller.
 */
final class SteadyStream implements Contestant {
  /** Answers of all passes of a stream may be alive at its end. */
  private static final int MOST_PASSES = 2048;

  private final Contestant contestant;
  private final long nanos;
  private int passes;

  /** Streams of {@code nanos} or a little more; at least one pass, at most {@value #MOST_PASSES}. */
  SteadyStream(Contestant contestant, long nanos) {
    this.contestant = contestant;
    this.nanos = nanos;
  }

  @Override
  public String name() {
    return contestant.name();
  }

  @Override
  public String version() {
    return contestant.version();
  }

  @Override
  public String precision() {
    return contestant.precision();
  }

  @Override
  public double agreement() {
    return contestant.agreement();
  }

  @Override
  public void prepare(Workload workload) {
    contestant.prepare(workload);
    passes = 1;
  }

  /** Each stream has as many passes as the one before says that fit: the first ones are cold. */
  @Override
  public Sample run() {
    Sample all = contestant.stream(passes);
    long each = Math.max(1, all.nanos() / passes);
    passes = Math.clamp(Math.ceilDiv(nanos, each), 1, MOST_PASSES);
    return new Sample(each, all.values());
  }
}
