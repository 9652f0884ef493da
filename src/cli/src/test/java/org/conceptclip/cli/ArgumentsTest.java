package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.conceptclip.util.FileNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arguments by their bytes; {@code LauncherIT} has them in processes. */
class ArgumentsTest {
  private static final String LATIN = "lat\uDCE9in.png";

  @TempDir Path folder;

  @Test
  void argumentsThatTheJvmCouldDecodeAreItsOwn() {
    String[] typed = {"classify", "Schädel.png", ""};
    assertSame(typed, Arguments.exact(typed, folder.resolve("not read"), StandardCharsets.UTF_8));
  }

  @Test
  void otherArgumentsAreReadFromTheirBytes() throws IOException {
    String[] typed = {"classify", "Schädel µm", "", "\uFFFD", "皮膚\n"};
    for (Charset locale : new Charset[] {StandardCharsets.US_ASCII, StandardCharsets.UTF_8}) {
      String[] decoded = Stream.of(typed).map(text -> new String(text.getBytes(StandardCharsets.UTF_8), locale)).toArray(String[]::new);
      assertArrayEquals(typed, Arguments.exact(decoded, commandLine(typed), locale));
    }
    byte[] latin = "lat\u00e9in.png".getBytes(StandardCharsets.ISO_8859_1);
    Path raw = Files.write(folder.resolve("raw"), latin);
    Files.write(raw, new byte[] {0}, StandardOpenOption.APPEND);
    assertArrayEquals(new String[] {LATIN}, Arguments.exact(new String[] {"lat\uFFFDin.png"}, raw, StandardCharsets.UTF_8));
  }

  @Test
  void withoutTheBytesChangedArgumentsAreRefused() throws IOException {
    Path others = commandLine("main", "was", "called");
    for (Path source : new Path[] {folder.resolve("absent"), others, commandLine()}) {
      String problem = assertThrows(UsageException.class,
          () -> Arguments.exact(new String[] {"a", "Sch\uFFFDdel"}, source, StandardCharsets.US_ASCII)).getMessage();
      assertTrue(problem.startsWith("argument 2 (Sch") && problem.endsWith("set LC_ALL=C.UTF-8"), problem);
    }
  }

  @Test
  void namesOfAnyBytesAreFilesAndNothingElse() throws IOException {
    Path image = folder.resolve(FileNames.path(LATIN));
    Files.copy(Path.of("examples/brain-mri-tumour.png"), image);
    Path target = folder.resolve(FileNames.path("out\uDCFF.png"));
    CliRun run = CliRun.of("preprocess", FileNames.text(image), "--out", FileNames.text(target)).ended(ExitCode.DONE);
    assertTrue(Files.size(target) > 0);
    assertEquals("conceptclip: wrote " + folder + "/out\\xFF.png (384x384)\n", run.err());
    CliRun.of("preprocess", FileNames.text(image) + "x", "--out", FileNames.text(target)).ended(ExitCode.BAD_INPUT)
        .refused("/lat\\xE9in.pngx: no such file");
    CliRun.of("classify", image.toString(), "--template", "{} " + LATIN).ended(ExitCode.WRONG_USAGE)
        .refused("--template", "\"{} lat\\xE9in.png\" is not UTF-8");
    CliRun.of("classify", image.toString(), "--labels", "a," + LATIN).ended(ExitCode.WRONG_USAGE)
        .refused("--labels", "\"a,lat\\xE9in.png\" is not UTF-8");
    CliRun.of("classify", image.toString(), "--model", LATIN).ended(ExitCode.BAD_INPUT).refused("model lat\\xE9in.png: no such folder");
    CliRun.of("classify", image.toString(), "--" + LATIN).ended(ExitCode.WRONG_USAGE).refused("--lat\\xE9in.png");
    CliRun.of("preprocess", "a\0b", "--out", target.toString()).ended(ExitCode.WRONG_USAGE).refused("cannot be the name of a file");
  }

  @Test
  void labelsComeFromAFileOfAnyName() throws IOException {
    Path labels = Files.writeString(folder.resolve(FileNames.path(LATIN)), "chest X-ray\nbrain MRI\n");
    CliRun run = CliRun.of("classify", "examples/brain-mri-tumour.png", "--json", "--labels", "@" + FileNames.text(labels));
    assertTrue(run.ended(ExitCode.DONE).out().contains("\"brain MRI\":0.99"), run.out());
  }

  private Path commandLine(String... arguments) throws IOException {
    StringBuilder all = new StringBuilder("java\0-jar\0conceptclip.jar\0");
    for (String argument : arguments) {
      all.append(argument).append('\0');
    }
    return Files.writeString(folder.resolve("cmdline" + arguments.length), all);
  }
}
