package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Decoding in small heaps, in processes of their own: large pictures cost their rows, many at once stay in the budget, shortage is told.
 */
@Timeout(120)
class DecodeBudgetTest {
  private static final int SIZE = 384;

  @TempDir Path folder;

  /** What a child does, and with what: {@code large | short | many THREADS SIDE}. Prints results, and its peak of resident memory last. */
  static final class Main {
    public static void main(String[] arguments) throws Exception {
      switch (arguments[0]) {
        case "large" -> large();
        case "short" -> shortOfMemory();
        default -> many(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
      }
      System.out.println("leased " + (DecodeMemory.ofProcess().leasedHeapBytes() + DecodeMemory.ofProcess().leasedNativeBytes()));
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmHWM:")) {
          System.out.println(line.replaceAll("[^0-9]", ""));
        }
      }
    }

    private static void large() {
      try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
        decode(decoder, HostileImages.png(13_377, 13_377, 8, 2, false));
        decode(decoder, HostileImages.gif(13_377, 13_377, 13_377, 13_377, false));
        decode(decoder, HostileImages.baseline(13_377, 13_377, new int[] {0x22, 0x11, 0x11}, -1));
        decode(decoder, HostileImages.baseline(13_377, 13_377, new int[] {0x31, 0x11, 0x11}, -1));
      }
    }

    /** The budget thinks that there is more heap than there is. */
    private static void shortOfMemory() {
      DecodeLimits limits = DecodeLimits.DEFAULT.withMemory(new DecodeMemory(1L << 30, 1L << 30));
      try (PixelDecoder decoder = new PixelDecoder(limits)) {
        for (byte[] file : List.of(HostileImages.png(9000, 9000, 8, 0, true), HostileImages.gif(9000, 9000, 9000, 9000, true))) {
          try {
            decode(decoder, file);
          } catch (BadInputException e) {
            System.out.println(e.getMessage());
          }
          decode(decoder, ImageFixtures.bytes("rgb_420.jpg"));
        }
        System.out.println(limits.memory().leasedHeapBytes());
      }
    }

    private static void many(int count, int side) throws Exception {
      byte[] png = HostileImages.png(side, side, 8, 0, true);
      byte[] progressive = HostileImages.progressive(side, side, 1, 12);
      try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
        List<Callable<Void>> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          byte[] file = i % 2 == 0 ? png : progressive;
          calls.add(() -> {
            try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT.withTimeLimit(Duration.ofMinutes(10)))) {
              decode(decoder, file);
            }
            return null;
          });
        }
        for (Future<Void> call : threads.invokeAll(calls)) {
          call.get();
        }
      }
    }

    private static void decode(PixelDecoder decoder, byte[] file) {
      byte[] target = new byte[SIZE * SIZE * 3];
      decoder.decodeInto(file, "picture", SIZE, MemorySegment.ofArray(target), 0);
      System.out.println(ImageFixtures.crc32(target));
    }
  }

  @Test
  void largePicturesCostTheirRows() throws Exception {
    List<String> out = run("-Xmx48m", "large");
    assertEquals(6, out.size(), out.toString());
    assertTrue(peak(out) < 250_000, out.toString());
  }

  @Test
  void shortageIsOneLineAndTheNextPictureWorks() throws Exception {
    List<String> out = run("-Xmx64m", "short");
    assertEquals(7, out.size(), out.toString());
    for (int line : new int[] {0, 2}) {
      assertTrue(out.get(line).matches("picture: not enough memory to decode 9000x9000 pixels, which takes about \\d+ MB, with a heap of at"
          + " most \\d+ MB; raise -Xmx, decode fewer pictures at once, or lower --max-pixels"), out.toString());
      assertEquals(8, out.get(line + 1).length(), out.toString());
    }
    assertEquals("0", out.get(4));
  }

  @Test
  void manyAtOnceStayInTheBudget() throws Exception {
    // 24 pictures of 9 MB each, half of them of 18 MB more outside: 430 MB if all were decoded at once.
    List<String> out = run("-Xmx64m", "many", "24", "3000");
    assertEquals(26, out.size(), out.toString());
    assertEquals("leased 0", out.get(24), out.toString());
    assertTrue(peak(out) < 350_000, out.toString());
  }

  private static long peak(List<String> out) {
    return Long.parseLong(out.getLast());
  }

  private List<String> run(String heap, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), heap,
        "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Main.class.getName()));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertTrue(process.waitFor(100, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(err));
    return Files.readAllLines(out);
  }
}
