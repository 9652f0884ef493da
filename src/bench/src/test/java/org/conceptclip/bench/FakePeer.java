package org.conceptclip.bench;

import java.io.IOException;
import java.time.Duration;

/** A peer for tests, run in a JVM of its own: well-behaved, or with one fault. */
final class FakePeer implements Contestant {
  private final String fault;
  private Workload workload;

  private FakePeer(String fault) {
    this.fault = fault;
  }

  /** Argument: none, crash, hang, babble or refuse. */
  public static void main(String[] arguments) throws IOException {
    PeerServer.serve(new FakePeer(arguments[0]), System.in, System.out);
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public String version() {
    return "fake 1.0";
  }

  @Override
  public void prepare(Workload workload) {
    if (fault.equals("refuse")) {
      throw new ContestantFailedException("no model here\nand a second line");
    }
    this.workload = workload;
  }

  @Override
  public Sample run() {
    switch (fault) {
      case "crash" -> Runtime.getRuntime().halt(7);
      case "hang" -> sleep();
      case "babble" -> {
        System.out.println("a library's greeting");
        System.out.flush();
      }
      default -> {}
    }
    return new Sample(1000L * workload.items(), new float[] {1.5f, -2, Float.MIN_VALUE});
  }

  private static void sleep() {
    try {
      Thread.sleep(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {}
}
