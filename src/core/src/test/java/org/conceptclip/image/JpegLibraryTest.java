package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.util.CacheFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What happens where the native codecs cannot be loaded. In processes of their own, since a process loads once. */
@Timeout(60)
class JpegLibraryTest {
  @TempDir Path folder;

  /** Decodes one JPEG twice, once more to the model's size, and a WebP; prints checksums or errors, and which JPEG decoder it was. */
  static final class Main {
    public static void main(String[] arguments) {
      byte[] file = ImageFixtures.bytes("rgb_420.jpg");
      for (int i = 0; i < 2; i++) {
        System.out.println(ImageFixtures.crc32(new ImageDecoder(DecodeLimits.DEFAULT).decode(file, "file").pixels()));
      }
      byte[] pixels = new byte[12 * 12 * 3];
      try (PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT)) {
        decoder.decodeInto(file, "file", 12, MemorySegment.ofArray(pixels), 0);
      }
      System.out.println(ImageFixtures.crc32(pixels));
      System.out.println(ImageDecoder.jpegDecoder());
      try {
        byte[] webp = ImageFixtures.bytes("lossy.webp");
        System.out.println(ImageFixtures.crc32(new ImageDecoder(DecodeLimits.DEFAULT).decode(webp, "file").pixels()));
      } catch (BadInputException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private record Printed(List<String> out, String err) {}

  @Test
  void isProvenWithThePictureThatItsGeneratorDraws() throws IOException {
    assertArrayEquals(ProbePicture.jpeg(), Files.readAllBytes(ProbePicture.FILE));
    assertEquals(JpegLibrary.PROBE_CRC, ProbePicture.pixelsChecksum(ProbePicture.jpeg()));
  }

  @Test
  void isUsedHere() throws Exception {
    Printed outcome = run(classPath(), "-Da=b");
    assertTrue(outcome.out().get(3).startsWith("libjpeg-turbo, through LIBTIFF, Version 4."), outcome.toString());
    assertEquals(5, outcome.out().size(), outcome.toString());
    assertTrue(ImageFixtures.all().stream().anyMatch(
        fixture -> fixture.file().equals("lossy.webp") && fixture.crc32().equals(outcome.out().get(4))), outcome.toString());
    assertEquals("", outcome.err());
  }

  @Test
  void withoutTheJarTheJdkDecodesAndTheLogSaysSoOnce() throws Exception {
    String without = Arrays.stream(classPath().split(File.pathSeparator))
        .filter(entry -> !entry.contains("leptonica"))
        .collect(Collectors.joining(File.pathSeparator));
    fallsBack(run(without, "-Da=b"), "the class path lacks /org/bytedeco/leptonica");
  }

  @Test
  void whereItCannotBeUnpackedTheJdkDecodes() throws Exception {
    fallsBack(run(classPath(), "-Duser.home=/dev/null", "-Djava.io.tmpdir=" + folder.resolve("missing")), "cannot unpack");
  }

  private void fallsBack(Printed outcome, String why) throws Exception {
    assertEquals(run(classPath(), "-Da=b").out().subList(0, 3), outcome.out().subList(0, 3));
    assertTrue(outcome.out().get(3).startsWith("JDK (libjpeg-turbo cannot be used: "), outcome.toString());
    assertTrue(outcome.out().get(3).contains(why), outcome.toString());
    String webp = outcome.out().get(4);
    assertTrue(webp.startsWith("file: WebP, which cannot be read here (") && webp.contains(why), outcome.toString());
    assertTrue(webp.endsWith("), expected another format"), webp);
    assertEquals(1, outcome.err().lines().filter(line -> line.contains("are decoded by the JDK")).count(), outcome.err());
  }

  private Printed run(String classPath, String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-cp", classPath));
    command.addAll(List.of(options));
    command.add(Main.class.getName());
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeAll(List.of(CacheFolder.VARIABLE, "XDG_CACHE_HOME"));
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(err));
    return new Printed(Files.readAllLines(out), Files.readString(err));
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
