package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program in a process of its own: with the file descriptors, pipes and heap that a test in this process cannot have. */
@Timeout(120)
class ChildProcessTest {
  private static final Path IMAGE = Path.of("examples/brain-mri-tumour.png").toAbsolutePath();

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endChildren() {
    started.forEach(Process::destroyForcibly);
  }

  @ParameterizedTest
  @CsvSource({
    "doctor --json, > /dev/full, 8, No space left on device",
    "doctor, >&-, 8, stdout is closed",
    "--version, > /dev/full, 8, No space left on device",
    "classify IMAGE, >&-, 8, stdout is closed",
    "preprocess IMAGE --out /dev/full, , 3, No space left on device",
  })
  void whatCannotBeWrittenIsSaid(String command, String redirection, int code, String words) throws Exception {
    Process process = shell(command, redirection == null ? "" : redirection);
    assertEquals(code, ended(process));
    List<String> lines = err().lines().filter(line -> line.contains("cannot be written")).toList();
    assertEquals(1, lines.size(), err());
    assertTrue(lines.getFirst().contains(words), lines.getFirst());
    assertFalse(err().contains("\tat "), err());
    assertTrue(Files.exists(Path.of("/dev/full")) && !Files.isRegularFile(Path.of("/dev/full")), "a device was replaced");
  }

  @Test
  void aClosedStderrChangesNothing() throws Exception {
    Process process = shell("classify IMAGE --json", "2>&-");
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, ended(process));
    assertTrue(out.startsWith("{\"image\":") && out.lines().count() == 1, out);
  }

  @Test
  void aReaderThatHasSeenEnoughEndsTheWork() throws Exception {
    // Names without end: the run ends because nobody reads, or never.
    Path fifo = folder.resolve("names");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Process names = new ProcessBuilder("sh", "-c", "exec yes \"$1\" > \"$2\" 2>/dev/null", "sh", IMAGE.toString(), fifo.toString()).start();
    started.add(names);
    Process process = shell("classify --json --images-from " + fifo, "");
    try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      assertTrue(out.readLine().startsWith("{\"image\":"), "the first result");
    }
    assertEquals(141, ended(process));
    assertFalse(err().contains("written"), err());
  }

  @Test
  void aPictureTooLargeForTheHeapCostsThatPictureOnly() throws Exception {
    Path large = interlaced(8000);
    Process process = shell("-Xmx64m classify IMAGE " + large + " IMAGE --json", "");
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(5, ended(process), err());
    assertEquals(2, out.lines().count(), out);
    refused("large.png");

    process = shell("-Xmx64m preprocess " + large + " --out " + folder.resolve("x.png"), "");
    assertEquals(3, ended(process), err());
    refused("large.png");
    assertFalse(Files.exists(folder.resolve("x.png")), "no file of a refused picture");
  }

  @Test
  void aRowThatDoesNotFitTheDiskIsTakenAwayAgain() throws Exception {
    Path rows = folder.resolve("rows.jsonl");
    String before = "x".repeat(2000) + "\n";
    Files.writeString(rows, before);
    // A limit on the size of files makes writes fail half way, as a full disk does.
    Process process = shell("-XX:-UsePerfData bench load --model synthetic:tiny --backend reference --out " + rows, "", "ulimit -f 4;");
    assertEquals(3, ended(process), err());
    assertTrue(err().contains("rows.jsonl: cannot be written (File too large)"), err());
    assertEquals(before, Files.readString(rows));
  }

  /** A picture of one bit a pixel, which a decoder has to hold whole. */
  private Path interlaced(int side) throws IOException {
    Path file = folder.resolve("large.png");
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
      ImageWriteParam parameters = writer.getDefaultWriteParam();
      parameters.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
      writer.setOutput(out);
      writer.write(null, new IIOImage(new BufferedImage(side, side, BufferedImage.TYPE_BYTE_BINARY), null, null), parameters);
    } finally {
      writer.dispose();
    }
    return file;
  }

  private void refused(String name) throws IOException {
    List<String> lines = err().lines().filter(line -> line.contains(name)).toList();
    assertEquals(1, lines.size(), err());
    assertTrue(lines.getFirst().contains("8000"), lines.getFirst());
    assertFalse(err().contains("\tat "), err());
  }

  /** Options for the JVM come first. IMAGE is an example. */
  private Process shell(String command, String redirection) throws IOException {
    return shell(command, redirection, "");
  }

  private Process shell(String command, String redirection, String first) throws IOException {
    List<String> words = Stream.of(command.split(" ")).map(word -> word.equals("IMAGE") ? IMAGE.toString() : word).toList();
    long options = words.stream().takeWhile(word -> word.startsWith("-X")).count();
    List<String> line = new ArrayList<>(List.of("sh", "-c", first + " exec \"$@\" " + redirection, "sh",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Djava.awt.headless=true"));
    line.addAll(words.stream().limit(options).toList());
    String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Collections.addAll(line, "-cp", classPath, Main.class.getName());
    line.addAll(words.stream().skip(options).toList());
    Process process = new ProcessBuilder(line).redirectError(file("err")).start();
    started.add(process);
    return process;
  }

  private int ended(Process process) throws Exception {
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> "still running");
    return process.exitValue();
  }

  private String err() throws IOException {
    return Files.readString(folder.resolve("err"));
  }

  private File file(String name) {
    return folder.resolve(name).toFile();
  }
}
