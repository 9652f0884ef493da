package org.conceptclip.evaluate;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;

/**
 * Times {@link Evaluation#report}; no test. From the root of a checkout:
 *
 * <pre>
 * mvn -q -pl src/explain -am -DskipTests package dependency:build-classpath \
 *     -Dmdep.outputFile=$PWD/target/explain.classpath -Dmdep.includeScope=test
 * java -cp src/explain/target/test-classes:src/explain/target/classes:$(cat target/explain.classpath) \
 *     org.conceptclip.evaluate.EvaluationTiming [ITEMS [LABELS [RESAMPLES]]]
 * </pre>
 *
 * Prints the seconds of the clock, and those of all processors, of the first report of the JVM, as a command's user waits for it, and
 * of four more.
 */
final class EvaluationTiming {
  private static final int REPORTS = 5;
  private static final int GROUPS = 5;

  private EvaluationTiming() {}

  public static void main(String[] args) {
    int items = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    int labels = args.length > 1 ? Integer.parseInt(args[1]) : 14;
    int resamples = args.length > 2 ? Integer.parseInt(args[2]) : 1000;
    List<Grouping> groupings = List.of(
        Synthetic.grouping("site", items, GROUPS, 1), Synthetic.grouping("age", items, GROUPS, 2));
    time("multi-class", Synthetic.multiClass(items, labels, 2, 1, 3), groupings, resamples);
    time("multi-label", Synthetic.multiLabel(items, labels, 4), groupings, resamples);
  }

  private static void time(String kind, Scores scores, List<Grouping> groupings, int resamples) {
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int report = 0; report < REPORTS; report++) {
      long start = System.nanoTime();
      long processors = system.getProcessCpuTime();
      Interval area = Evaluation.report(scores, groupings, BootstrapOptions.of(resamples)).aurocMacro();
      double seconds = (System.nanoTime() - start) / 1e9;
      double processorSeconds = (system.getProcessCpuTime() - processors) / 1e9;
      System.out.printf(Locale.ROOT,
          "{\"kind\":\"%s\",\"items\":%d,\"labels\":%d,\"groupings\":%d,\"groups\":%d,\"resamples\":%d,\"report\":%d,\"seconds\":%.3f,"
              + "\"processor_seconds\":%.3f,\"processors\":%d,\"auroc_macro\":[%.6f,%.6f,%.6f]}%n",
          kind, scores.items(), scores.labels().size(), groupings.size(), GROUPS, resamples, report, seconds, processorSeconds,
          Runtime.getRuntime().availableProcessors(), area.low(), area.value(), area.high());
    }
  }
}
