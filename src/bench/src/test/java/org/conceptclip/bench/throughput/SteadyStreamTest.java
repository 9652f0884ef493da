package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.Workload;
import org.junit.jupiter.api.Test;

class SteadyStreamTest {
  private final List<Integer> streams = new ArrayList<>();

  private final Contestant contestant = new Contestant() {
    @Override
    public String name() {
      return "ours";
    }

    @Override
    public String version() {
      return "1";
    }

    @Override
    public String precision() {
      return "fp16";
    }

    @Override
    public void prepare(Workload workload) {}

    @Override
    public Sample run() {
      throw new IllegalStateException("a stream is no number of single passes");
    }

    @Override
    public Sample stream(int passes) {
      streams.add(passes);
      // A first pass of a second, then ten milliseconds each.
      return new Sample(streams.size() == 1 ? 1_000_000_000 : passes * 10_000_000L, new float[] {passes});
    }
  };

  @Test
  void streamsGrowToTheirLengthAndATimeIsThatOfOnePass() {
    SteadyStream stream = new SteadyStream(contestant, 400_000_000);
    stream.prepare(new Workload.Vision(1));
    assertEquals(1_000_000_000, stream.run().nanos());
    assertEquals(10_000_000, stream.run().nanos());
    Contestant.Sample third = stream.run();
    assertEquals(10_000_000, third.nanos());
    assertArrayEquals(new float[] {40}, third.values());
    assertEquals(List.of(1, 1, 40), streams);
    assertEquals(0.1, stream.agreement(), "of float16");
  }

  @Test
  void passesAreBounded() {
    SteadyStream stream = new SteadyStream(contestant, Long.MAX_VALUE / 2);
    stream.prepare(new Workload.Vision(1));
    stream.run();
    stream.run();
    assertEquals(List.of(1, 2048), streams);
  }
}
