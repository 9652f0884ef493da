package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What happens to commands whose results nobody takes. */
@Timeout(60)
class ResultsTest {
  /** What runs of {@code probe} read, from the folder that tests run in. */
  private static final String RESOURCES = "src/cli/src/test/resources/probe/";
  private static final String IMAGE = "examples/brain-mri-tumour.png";

  @TempDir Path folder;

  /** Every command by name, and the runs of it that write results to stdout; none for those that write files alone. */
  private static Map<String, List<List<String>>> commands() {
    Map<String, List<List<String>>> runs = new TreeMap<>();
    runs.put("conceptclip", List.of(List.of("--version")));
    runs.put("conceptclip classify", List.of(
        List.of("classify", IMAGE, "--backend", "reference", "--json"), List.of("classify", IMAGE, "--backend", "reference"),
        List.of("classify", IMAGE, IMAGE, "--backend", "reference")));
    List<String> concepts = List.of("concepts", IMAGE, "--concepts", "cyst", "--out", "target/results-test", "--backend", "reference");
    runs.put("conceptclip concepts", List.of(concepts, Stream.concat(concepts.stream(), Stream.of("--json")).toList()));
    List<String> eval = List.of(
        "eval", "--data", "examples.csv", "--backend", "reference", "--bootstrap", "0", "--out", "target/results-test-eval");
    runs.put("conceptclip eval", List.of(eval, Stream.concat(eval.stream(), Stream.of("--json")).toList()));
    runs.put("conceptclip doctor", List.of(List.of("doctor"), List.of("doctor", "--json")));
    runs.put("conceptclip preprocess", List.of(List.of("preprocess", IMAGE, "--out", "-")));
    // Its table goes to stdout as those of the others do, after minutes on a device: TuneCommandTest has it.
    runs.put("conceptclip tune", List.of());
    runs.put("conceptclip convert", List.of());
    runs.put("conceptclip forward", List.of());
    probes(runs);
    runs.put("conceptclip calibrate", calibrations());
    runs.putAll(BottleneckRuns.all());
    List<String> load = List.of("bench", "load", "--model", "synthetic:tiny", "--backend", "reference");
    runs.put("conceptclip bench load", List.of(load, Stream.concat(load.stream(), Stream.of("--json")).toList()));
    // These write through BenchOutput, as bench load does, and take longer.
    for (String other : List.of("", " cpu", " gpu", " op", " soak")) {
      runs.put("conceptclip bench" + other, List.of());
    }
    return runs;
  }

  private static void probes(Map<String, List<List<String>>> runs) {
    List<String> train = List.of("probe", "train", "--features", RESOURCES + "features.npy", "--labels", RESOURCES + "labels.csv", "--c", "1",
        "--out", "/dev/null");
    List<String> apply =
        List.of("probe", "apply", "--features", RESOURCES + "features.npy", "--probe", RESOURCES + "probe.safetensors");
    runs.put("conceptclip probe", List.of());
    runs.put("conceptclip probe train", List.of(train, Stream.concat(train.stream(), Stream.of("--json")).toList()));
    runs.put("conceptclip probe apply", List.of(apply, Stream.concat(apply.stream(), Stream.of("--json")).toList()));
  }

  private static List<List<String>> calibrations() {
    List<String> plain = List.of("calibrate", "--model", "synthetic:tiny", "--backend", "cpu", "--count", "2", "--out", "/dev/null");
    return Stream.of("--json", "--report").map(form -> Stream.concat(plain.stream(), Stream.of(form)).toList()).toList();
  }

  private static Stream<Arguments> runs() {
    Stream<List<String>> help = commands().keySet().stream()
        .map(name -> Stream.concat(Stream.of(name.split(" ")).skip(1), Stream.of("--help")).toList());
    return Stream.concat(help, commands().values().stream().flatMap(List::stream)).map(Arguments::of);
  }

  @Test
  void everyCommandIsInTheTable() {
    TreeSet<String> names = new TreeSet<>();
    collect(CommandLineApp.commandLine(new String[0], console(OutputStream.nullOutputStream(), new ByteArrayOutputStream())), names);
    assertEquals(names, commands().keySet());
  }

  private static void collect(CommandLine command, TreeSet<String> names) {
    names.add(command.getCommandSpec().qualifiedName());
    command.getSubcommands().values().forEach(sub -> collect(sub, names));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void lostResultsAreSaidAndEndWithACode(List<String> arguments) {
    CliRun.into(InputStream.nullInputStream(), refusing("No space left on device"), arguments.toArray()).ended(8)
        .said("results cannot be written: No space left on device");
  }

  @ParameterizedTest
  @MethodSource("runs")
  void theEndOfAReaderIsNoFailureToReport(List<String> arguments) {
    CliRun run = CliRun.into(InputStream.nullInputStream(), refusing("Broken pipe"), arguments.toArray()).ended(141);
    assertFalse(run.err().contains("written") || run.err().contains("Broken") || run.err().contains("\tat "), run.err());
  }

  @Test
  void classifyStopsWhenItsReaderHasGone() {
    List<Object> arguments = new ArrayList<>(List.of("classify", "--backend", "reference", "--json"));
    for (int i = 0; i < 3000; i++) {
      arguments.add(IMAGE);
    }
    // On the reference backend, 3000 images take minutes: this test's time limit is the proof.
    CliRun.into(InputStream.nullInputStream(), refusing("Broken pipe"), arguments.toArray()).ended(141);
  }

  @Test
  void aMistakeStaysAMistakeWhenNobodyListens() {
    CliRun.into(InputStream.nullInputStream(), refusing("No space left on device"), "classify", "absent.png").ended(3);
    CliRun.into(InputStream.nullInputStream(), refusing("No space left on device"), "classify").ended(2);
  }

  @Test
  void messagesThatCannotBeWrittenDoNotMatter() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Console deaf = new Console(InputStream.nullInputStream(), Results.to(out),
        new PrintStream(refusing("Bad file descriptor"), true, StandardCharsets.UTF_8), true, false);
    assertEquals(0, CommandLineApp.run(new String[] {"classify", IMAGE, "--backend", "reference", "--json"}, deaf));
    assertTrue(out.toString(StandardCharsets.UTF_8).startsWith("{\"image\":"), "the result");
  }

  @Test
  void resultsLeaveInOnePieceAndFailForEver() {
    List<String> pieces = new ArrayList<>();
    Results results = Results.to(new OutputStream() {
      @Override
      public void write(int one) {
        throw new AssertionError("byte by byte");
      }

      @Override
      public void write(byte[] bytes, int from, int length) throws IOException {
        if (pieces.size() == 2) {
          throw new IOException("disk full");
        }
        pieces.add(new String(bytes, from, length, StandardCharsets.UTF_8));
      }
    });
    results.line("a µ");
    results.line("b");
    results.flush();
    results.line("c");
    assertEquals(List.of("a µ\nb\n"), pieces);
    results.flush();
    results.line("d");
    assertThrows(ResultsLostException.class, results::flush);
    assertThrows(ResultsLostException.class, () -> results.line("e"));
    // Flushing again at the end reports nothing twice.
    results.flush();
    assertEquals(List.of("a µ\nb\n", "c\n"), pieces);
  }

  @Test
  void nothingElseWritesToStdout() throws Exception {
    Map<String, Set<String>> users = new TreeMap<>();
    for (Path file : classes()) {
      for (PoolEntry entry : ClassFile.of().parse(file).constantPool()) {
        if (entry instanceof MemberRefEntry member) {
          users.computeIfAbsent(member.owner().asInternalName() + "." + member.name(), name -> new TreeSet<>())
              .add(file.getFileName().toString().replaceAll("[$.].*", ""));
        }
      }
    }
    assertFalse(users.containsKey("java/lang/System.out"), () -> users.get("java/lang/System.out").toString());
    assertEquals(Set.of("Results"), users.get("java/io/FileDescriptor.out"));
    // A print stream swallows failures: only messages may go through one.
    assertEquals(Set.of("Main"), users.get("java/io/PrintStream.<init>"));
  }

  private static List<Path> classes() throws Exception {
    Path root = Path.of(Results.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(root.resolve("org/conceptclip/cli"))) {
      return files.filter(file -> file.toString().endsWith(".class")).toList();
    }
  }

  @Test
  void whateverEndsACommandIsOneLine() {
    for (Throwable failure : List.of(new OutOfMemoryError("Java heap space"), new StackOverflowError(),
        new IllegalStateException("a\nb", new OutOfMemoryError()), new NullPointerException(), new NoClassDefFoundError("x/Y"))) {
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Console console = console(OutputStream.nullOutputStream(), err);
      assertEquals(1, new FailureReport(console, "conceptclip").exitCode(failure));
      assertEquals(1, err.toString(StandardCharsets.UTF_8).lines().count(), err::toString);
      assertEquals(Shortage.isCauseOf(failure), err.toString(StandardCharsets.UTF_8).contains("-Xmx"), err::toString);
      new FailureReport(console.withTraces(), "conceptclip").exitCode(failure);
      assertTrue(err.toString(StandardCharsets.UTF_8).contains("\tat "), "a trace where it was asked for");
    }
  }

  private static Console console(OutputStream out, OutputStream err) {
    return new Console(InputStream.nullInputStream(), Results.to(out), new PrintStream(err, true, StandardCharsets.UTF_8), false, false);
  }

  private static OutputStream refusing(String reason) {
    return new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        throw new IOException(reason);
      }
    };
  }
}
