package org.conceptclip.image;

import com.google.gson.GsonBuilder;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.conceptclip.bench.Machine;
import org.conceptclip.bench.Statistics;

/**
 * Times decoding, and decoding with squashing to 384x384, in one thread: this build, this build without libjpeg-turbo, and the classes
 * of another build.
 *
 * <pre>
 * java -cp target/test-classes:target/classes:target/lib/* org.conceptclip.image.ImageBenchmark ROUNDS COMMIT OLD PATH...
 * </pre>
 *
 * <p>OLD is a folder of classes of an earlier commit, or "-". A PATH is a picture, or a folder whose pictures are decoded one after the
 * other. In each round everybody runs once, in an order of the round's own. Figures are milliseconds of the thread's processor time for
 * one picture (other load on the machine counts less than in wall time), of the later half of the rounds, and bytes that it allocated on
 * the heap. The last contestant is the second last under another name: the control. A table goes to stderr, rows as JSON to stdout.
 */
final class ImageBenchmark {
  private static final int SIZE = 384;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private ImageBenchmark() {}

  private record Picture(String name, byte[] file) {}

  private interface Work {
    void run(Picture picture) throws Exception;
  }

  private record Row(String date, String commit, Machine machine, String workload, int pictures, String contestant, String unit,
      double median, double low, double high, int rounds, long heapBytes) {}

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    var gson = new GsonBuilder().disableHtmlEscaping().create();
    for (String path : Arrays.copyOfRange(arguments, 3, arguments.length)) {
      List<Picture> pictures = pictures(Path.of(path));
      String workload = pictures.size() == 1 ? Path.of(path).getFileName().toString() : path;
      for (Row row : measure(rounds, arguments[1], arguments[2], workload, pictures)) {
        System.err.printf("%-40s %-48s %7.2f ms (%.2f to %.2f) %,12d B%n", row.workload, row.contestant, row.median, row.low, row.high,
            row.heapBytes);
        System.out.println(gson.toJson(row));
      }
    }
  }

  private static List<Picture> pictures(Path path) throws IOException {
    List<Picture> pictures = new ArrayList<>();
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        byte[] bytes = Files.readAllBytes(file);
        if (ImageFormat.of(bytes) != null) {
          pictures.add(new Picture(file.toString(), bytes));
        }
      }
    }
    return pictures;
  }

  private static List<Row> measure(int rounds, String commit, String old, String workload, List<Picture> pictures) throws Exception {
    try (Arena arena = Arena.ofConfined();
        PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT);
        NativeJpeg turbo = new NativeJpeg(JpegLibrary.find().orElseThrow())) {
      MemorySegment target = arena.allocate(PixelDecoder.bytes(SIZE));
      Map<String, Work> contestants = new LinkedHashMap<>();
      if (!old.equals("-")) {
        addOld(contestants, Path.of(old), target);
      }
      ImageDecoder separate = new ImageDecoder(DecodeLimits.DEFAULT);
      contestants.put("ImageDecoder", picture -> separate.decode(picture.file, picture.name));
      if (pictures.stream().allMatch(picture -> ImageFormat.of(picture.file) == ImageFormat.JPEG)) {
        contestants.put("JPEG by the JDK", picture -> new JpegDecoder(picture.file, picture.name, DecodeLimits.DEFAULT).decodeByJdk(
            header(picture)));
        contestants.put("JPEG by libjpeg-turbo, in kept memory", picture -> {
          if (turbo.decode(picture.file, picture.file.length, header(picture)) == null) {
            throw new IllegalStateException(picture.name + " is not decoded by libjpeg-turbo");
          }
        });
      }
      Work fast = picture -> decoder.decodeInto(picture.file, picture.name, SIZE, target, 0);
      contestants.put("PixelDecoder: decode and squash", fast);
      contestants.put("PixelDecoder: decode and squash, again (A/A)", fast);
      return timed(rounds, commit, workload, pictures, contestants);
    }
  }

  private static JpegHeader header(Picture picture) {
    return JpegHeader.read(picture.file, picture.file.length, picture.name, DecodeLimits.DEFAULT);
  }

  private static void addOld(Map<String, Work> contestants, Path classes, MemorySegment target) throws Exception {
    // The rest of the class path comes through the platform's loader, so that no class of this build hides one of the other.
    List<URL> path = new ArrayList<>(List.of(classes.toUri().toURL()));
    URLClassLoader loader = new URLClassLoader(path.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    Class<?> limits = loader.loadClass("org.conceptclip.image.DecodeLimits");
    Class<?> decoderType = loader.loadClass("org.conceptclip.image.ImageDecoder");
    Object decoder = decoderType.getConstructor(limits).newInstance(limits.getField("DEFAULT").get(null));
    Method decode = decoderType.getMethod("decode", byte[].class, String.class);
    Class<?> imageType = loader.loadClass("org.conceptclip.image.RgbImage");
    Method resize = loader.loadClass("org.conceptclip.image.Resizer")
        .getMethod("resizeInto", imageType, int.class, int.class, MemorySegment.class, long.class);
    contestants.put("earlier: decode", picture -> decode.invoke(decoder, picture.file, picture.name));
    contestants.put("earlier: decode and squash",
        picture -> resize.invoke(null, decode.invoke(decoder, picture.file, picture.name), SIZE, SIZE, target, 0L));
  }

  private static List<Row> timed(
      int rounds, String commit, String workload, List<Picture> pictures, Map<String, Work> contestants) throws Exception {
    List<String> order = new ArrayList<>(contestants.keySet());
    Map<String, double[]> millis = new TreeMap<>();
    Map<String, Long> heapBytes = new TreeMap<>();
    for (int round = 0; round < rounds; round++) {
      Collections.shuffle(order, new Random(round));
      for (String name : order) {
        Work work = contestants.get(name);
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long before = THREADS.getCurrentThreadCpuTime();
        for (Picture picture : pictures) {
          work.run(picture);
        }
        double spent = (THREADS.getCurrentThreadCpuTime() - before) / 1e6 / pictures.size();
        millis.computeIfAbsent(name, key -> new double[rounds])[round] = spent;
        heapBytes.put(name, (THREADS.getCurrentThreadAllocatedBytes() - allocated) / pictures.size());
      }
    }
    List<Row> rows = new ArrayList<>();
    for (String name : contestants.keySet()) {
      Statistics statistics = Statistics.of(Arrays.copyOfRange(millis.get(name), rounds / 2, rounds));
      rows.add(new Row(Instant.now().toString(), commit, Machine.current(), workload, pictures.size(), name, "ms of processor time",
          rounded(statistics.median()), rounded(statistics.lowerQuartile()), rounded(statistics.upperQuartile()),
          statistics.count(), heapBytes.get(name)));
    }
    return rows;
  }

  private static double rounded(double millis) {
    return Math.round(millis * 1000) / 1000.0;
  }
}
