package org.conceptclip.evaluate;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Times {@link Retrieval#report} of random vectors; no test. Run it as {@link EvaluationTiming}, with
 * {@code RetrievalTiming [PAIRS [DIMENSION]]}. Prints the seconds of the clock and those of all processors.
 */
final class RetrievalTiming {
  private RetrievalTiming() {}

  public static void main(String[] args) {
    int pairs = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
    int dimension = args.length > 1 ? Integer.parseInt(args[1]) : 1152;
    SplittableRandom random = new SplittableRandom(1);
    float[][] images = new float[pairs][dimension];
    float[][] texts = new float[pairs][dimension];
    for (int i = 0; i < pairs; i++) {
      for (int d = 0; d < dimension; d++) {
        images[i][d] = (float) random.nextGaussian();
        texts[i][d] = images[i][d] + 12 * (float) random.nextGaussian();
      }
    }
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    for (int round = 0; round < 2; round++) {
      long start = System.nanoTime();
      long processors = system.getProcessCpuTime();
      RetrievalReport.Direction direction = Retrieval.report(images, texts, BootstrapOptions.DEFAULTS).imageToText();
      double seconds = (System.nanoTime() - start) / 1e9;
      double processorSeconds = (system.getProcessCpuTime() - processors) / 1e9;
      System.out.printf(Locale.ROOT,
          "{\"pairs\":%d,\"dimension\":%d,\"resamples\":1000,\"report\":%d,\"seconds\":%.2f,\"processor_seconds\":%.2f,"
              + "\"multiplications_per_processor_second\":%.3g,\"median_rank\":%.0f}%n",
          pairs, dimension, round, seconds, processorSeconds, (double) pairs * pairs * dimension / processorSeconds,
          direction.medianRank().value());
    }
  }
}
