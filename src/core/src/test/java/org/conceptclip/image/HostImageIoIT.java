package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageInputStreamSpi;
import javax.imageio.spi.ImageOutputStreamSpi;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.spi.ImageTranscoderSpi;
import javax.imageio.spi.ImageWriterSpi;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The finished jar on a host's class path: Image I/O behaves as without it, before and after it decoded a file of each format. In
 * processes of their own.
 */
@Timeout(120)
class HostImageIoIT {
  private static final List<String> FILES =
      List.of("rgb_420.jpg", "rgb8.png", "palette.gif", "rgb24.bmp", "rgb_tiff_lzw.tif", "cmyk.tif", "lossy.webp");
  private static final Path JAR = Path.of(System.getProperty("core.jar", "missing"));

  @TempDir Path folder;

  /** Decodes each fixture. Apart from the host, which runs without the library, too. */
  static final class Decoding {
    static void run() {
      ImageDecoder decoder = new ImageDecoder(DecodeLimits.DEFAULT);
      for (ImageFixtures.Fixture fixture : ImageFixtures.all()) {
        String found;
        try {
          found = ImageFixtures.crc32(decoder.decode(ImageFixtures.bytes(fixture.file()), fixture.file()).pixels());
        } catch (BadInputException e) {
          found = "refused";
        }
        if (!found.equals(fixture.file().startsWith("refuse_") ? "refused" : fixture.crc32())) {
          throw new IllegalStateException(fixture + " is " + found);
        }
      }
    }
  }

  /** Prints what Image I/O does; with an argument, decodes and prints the same again. */
  static final class Host {
    public static void main(String[] arguments) throws Exception {
      printImageIo();
      if (arguments.length > 0) {
        System.out.println("DECODED");
        Decoding.run();
        System.out.println("AFTERWARDS");
        printImageIo();
      }
    }

    private static void printImageIo() throws IOException {
      for (Class<?> kind : List.of(
          ImageReaderSpi.class, ImageWriterSpi.class, ImageTranscoderSpi.class, ImageInputStreamSpi.class, ImageOutputStreamSpi.class)) {
        // Across formats the JDK's own order differs from run to run; within a format, below, it counts.
        List<String> providers = new ArrayList<>();
        IIORegistry.getDefaultInstance().getServiceProviders(kind, true)
            .forEachRemaining(provider -> providers.add(provider.getClass().getName()));
        System.out.println(kind.getSimpleName() + " " + providers.stream().sorted().toList());
      }
      for (String format : Arrays.stream(ImageIO.getReaderFormatNames()).sorted().toList()) {
        List<String> readers = new ArrayList<>();
        ImageIO.getImageReadersByFormatName(format).forEachRemaining((ImageReader reader) -> readers.add(reader.getClass().getName()));
        System.out.println(format + " " + readers);
      }
      System.out.println("webp " + ImageIO.getImageReadersByFormatName("webp").hasNext());
      for (String file : FILES) {
        System.out.println(file + " " + read(ImageFixtures.bytes(file)));
      }
    }

    private static String read(byte[] file) {
      try {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
        if (image == null) {
          return "unknown";
        }
        int[] colours = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        ByteBuffer bytes = ByteBuffer.allocate(colours.length * Integer.BYTES);
        bytes.asIntBuffer().put(colours);
        return image.getWidth() + "x" + image.getHeight() + " " + ImageFixtures.crc32(bytes.array());
      } catch (IOException | RuntimeException | LinkageError e) {
        return e.toString();
      }
    }
  }

  @Test
  void imageIoBehavesAsWithoutTheLibrary() throws Exception {
    List<String> entries = Arrays.stream(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
        .split(File.pathSeparator)).toList();
    String tests = entries.stream().filter(entry -> entry.endsWith("test-classes")).findFirst().orElseThrow();
    String libraries = entries.stream().filter(entry -> entry.endsWith(".jar")).collect(Collectors.joining(File.pathSeparator));
    List<String> alone = run(tests);
    assertTrue(alone.contains("lossy.webp unknown") && alone.contains("webp false"), alone.toString());
    List<String> together = run(String.join(File.pathSeparator, JAR.toString(), libraries, tests), "decode");
    int decoded = together.indexOf("DECODED");
    int afterwards = together.indexOf("AFTERWARDS");
    assertEquals(alone, together.subList(0, decoded), "before decoding");
    assertEquals(alone, together.subList(afterwards + 1, together.size()), "after decoding");
  }

  @Test
  void theJarRegistersNothingAndPacksNothing() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      List<String> names = jar.stream().map(entry -> entry.getName()).toList();
      assertFalse(
          names.stream().anyMatch(name -> name.startsWith("META-INF/services/javax.") || name.startsWith("com/")), names.toString());
      assertNull(jar.getManifest().getMainAttributes().getValue("Class-Path"));
      assertEquals("org.conceptclip.core", jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"));
    }
  }

  private List<String> run(String classPath, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-cp", classPath, Host.class.getName()));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertTrue(process.waitFor(50, TimeUnit.SECONDS), "the child hangs");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(err));
    return Files.readAllLines(out);
  }
}
