package org.conceptclip.bench.throughput;

import java.util.List;
import org.conceptclip.bench.Machine;

/** Rows of machines that do not exist. */
public final class Rows {
  public static final Machine MACHINE = new Machine("Test CPU", 2, List.of("avx2"), "Linux 6", "25");
  public static final Origin ORIGIN = new Origin("2026-01-01T00:00:00Z", "abc", MACHINE, null);
  public static final Subject SUBJECT = new Subject("synthetic:tiny", "cpu", "oneDNN & <co>", "fp32", 2, 4);

  private Rows() {}

  /** Images a second of the engine, one value a round. */
  public static BenchRow.Builder images(double... perSecond) {
    return new BenchRow.Builder(Section.IMAGES, ORIGIN, SUBJECT, "images from memory", "engine").rounds("images/s", perSecond);
  }
}
