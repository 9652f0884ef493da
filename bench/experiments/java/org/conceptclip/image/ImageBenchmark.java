package org.conceptclip.image;

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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.conceptclip.bench.throughput.BenchRow;
import org.conceptclip.bench.throughput.Origin;
import org.conceptclip.bench.throughput.ResultFile;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.Subject;

/**
 * Times decoding, and decoding with squashing to 384x384, in one thread: this build, and the classes of an earlier one. Arguments:
 * {@code ROUNDS OLD PATH...}
 *
 * <p>OLD is a folder of classes of an earlier commit, or "-". A PATH is a picture, or a folder whose pictures are decoded one after the
 * other. In each round everybody runs once, in an order of the round's own. Figures are milliseconds of the thread's processor time for
 * one picture (other load on the machine counts less than in wall time), of the later half of the rounds, and bytes that it allocated on
 * the heap. The last contestant is the second last under another name: the control. Prints rows as JSON lines.
 */
final class ImageBenchmark {
  private static final int SIZE = 384;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private ImageBenchmark() {}

  private record Picture(String name, byte[] file) {}

  private interface Work {
    void run(Picture picture) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    for (String path : Arrays.copyOfRange(arguments, 2, arguments.length)) {
      measure(rounds, arguments[1], path, pictures(Path.of(path))).forEach(row -> System.out.println(ResultFile.line(row)));
    }
  }

  private static List<Picture> pictures(Path path) throws IOException {
    List<Picture> pictures = new ArrayList<>();
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        if (file.toString().toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png|gif|bmp|tiff?|webp)")) {
          pictures.add(new Picture(file.toString(), Files.readAllBytes(file)));
        }
      }
    }
    return pictures;
  }

  private static List<BenchRow> measure(int rounds, String old, String workload, List<Picture> pictures) throws Exception {
    try (Arena arena = Arena.ofConfined();
        PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
      MemorySegment target = arena.allocate(PixelDecoder.bytes(SIZE));
      Map<String, Work> contestants = new LinkedHashMap<>();
      if (!old.equals("-")) {
        addOld(contestants, Path.of(old), target);
      }
      ImageDecoder separate = new ImageDecoder(DecodeLimits.DEFAULT);
      contestants.put("ImageDecoder", picture -> separate.decode(picture.file, picture.name));
      Work fast = picture -> decoder.decodeInto(picture.file, picture.name, SIZE, target, 0);
      contestants.put("PixelDecoder: decode and squash", fast);
      contestants.put("PixelDecoder: decode and squash" + BenchRow.CONTROL, fast);
      return timed(rounds, workload, pictures, contestants);
    }
  }

  private static void addOld(Map<String, Work> contestants, Path classes, MemorySegment target) throws Exception {
    // The rest of the class path comes through the platform's loader, so that no class of this build hides one of the other.
    URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
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

  private static List<BenchRow> timed(int rounds, String workload, List<Picture> pictures, Map<String, Work> contestants)
      throws Exception {
    List<String> order = new ArrayList<>(contestants.keySet());
    Map<String, double[]> millis = new LinkedHashMap<>();
    Map<String, Long> heapBytes = new LinkedHashMap<>();
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
    Subject subject = new Subject(null, "cpu", ImageDecoder.jpegDecoder(), null, 1, null);
    List<BenchRow> rows = new ArrayList<>();
    for (String name : contestants.keySet()) {
      rows.add(new BenchRow.Builder(Section.IMAGES, Origin.now("cpu"), subject, workload, name).parameter("pictures", pictures.size())
          .rounds("ms of processor time", Arrays.copyOfRange(millis.get(name), rounds / 2, rounds))
          .figure("heapBytes", heapBytes.get(name)).build());
    }
    return rows;
  }
}
