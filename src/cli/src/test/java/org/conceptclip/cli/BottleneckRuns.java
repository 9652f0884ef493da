package org.conceptclip.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.conceptclip.data.Npy;
import org.conceptclip.tensor.HostTensor;

/** Runs of {@code bottleneck} that write results, on files that are made once and deleted at the end of the tests. */
final class BottleneckRuns {
  private static final class Made {
    private static final Path FOLDER = made();
    private static final Path SIMILARITIES = file("s.npy");
    private static final Path LABELS = file("l.csv");
    private static final Path BOTTLENECK = file("b.safetensors");

    private static Path made() {
      try {
        Path folder = Files.createTempDirectory("bottleneck-runs");
        folder.toFile().deleteOnExit();
        Npy.write(folder.resolve("s.npy"), HostTensor.of(new double[] {1, 0, 0, 1, 2, 0, 0, 2}, 4, 2));
        Files.writeString(folder.resolve("l.csv"), "label\nx\ny\nx\ny\n");
        CliRun.of(train(folder.resolve("s.npy"), folder.resolve("l.csv"), folder.resolve("b.safetensors")).toArray()).ended(0);
        return folder;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static Path file(String name) {
      Path file = FOLDER.resolve(name);
      // Later registrations are deleted first, so the folder is empty when its turn comes.
      file.toFile().deleteOnExit();
      return file;
    }
  }

  private BottleneckRuns() {}

  private static List<String> train(Path similarities, Path labels, Path out) {
    return List.of("bottleneck", "train", "--similarities", similarities.toString(), "--labels", labels.toString(), "--concepts", "a,b",
        "--lambda", "0.1", "--out", out.toString());
  }

  static Map<String, List<List<String>>> all() {
    List<String> train = train(Made.SIMILARITIES, Made.LABELS, Path.of("/dev/null"));
    List<String> apply = List.of("bottleneck", "apply", "--bottleneck", Made.BOTTLENECK.toString(), "--similarities",
        Made.SIMILARITIES.toString());
    List<String> explain = Stream.concat(
        Stream.of("bottleneck", "explain", "--out", "target/results-test-bottleneck"), apply.stream().skip(2)).toList();
    return Map.of("conceptclip bottleneck", List.of(), "conceptclip bottleneck train", twice(train), "conceptclip bottleneck apply",
        twice(apply), "conceptclip bottleneck explain", twice(explain));
  }

  /** A run as it is, and with JSON. */
  private static List<List<String>> twice(List<String> run) {
    return List.of(run, Stream.concat(run.stream(), Stream.of("--json")).toList());
  }
}
