package org.conceptclip.image;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Times decoding of the files given and squashing to 384x384: {@code java ... org.conceptclip.image.ImageBenchmark
 * [RUNS] FILE...}. Figures are milliseconds of one thread's processor time (other load on the machine counts less than it
 * would in wall time): first call, then median and minimum of the last half of the runs.
 */
final class ImageBenchmark {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private ImageBenchmark() {}

  public static void main(String[] arguments) throws Exception {
    int runs = Integer.parseInt(arguments[0]);
    ImageDecoder decoder = new ImageDecoder(DecodeLimits.DEFAULT);
    for (String file : Arrays.copyOfRange(arguments, 1, arguments.length)) {
      byte[] bytes = Files.readAllBytes(Path.of(file));
      RgbImage image = decoder.decode(bytes, file);
      report(file + " decode", runs, () -> decoder.decode(bytes, file));
      report(image.width() + "x" + image.height() + " resize", runs, () -> Resizer.resize(image, 384, 384));
    }
  }

  private static void report(String what, int runs, Runnable work) {
    double[] millis = new double[runs];
    for (int run = 0; run < runs; run++) {
      long before = THREADS.getCurrentThreadCpuTime();
      work.run();
      millis[run] = (THREADS.getCurrentThreadCpuTime() - before) / 1e6;
    }
    double first = millis[0];
    double[] settled = Arrays.copyOfRange(millis, runs / 2, runs);
    Arrays.sort(settled);
    System.out.printf("%-40s first %6.1f  median %6.1f  min %6.1f ms%n", what, first, settled[settled.length / 2], settled[0]);
  }
}
