package org.conceptclip.backend.cuda.driver.nvidia;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.conceptclip.backend.cuda.driver.CudaDriverContract;

/** What {@link JavacppCudaDriverTest} runs in a process of its own, which sees the fake CUDA libraries. One line a case. */
final class FakeCudaChild {
  private static final String MISSING = "missing libraries are named, and where they were looked for";

  /** Opens drivers on the fakes. */
  static final class Lab {
    final FakeCuda fakes = new FakeCuda();
    final Path cacheFolder;
    final List<String> notices = new ArrayList<>();

    Lab(Path cacheFolder) {
      this.cacheFolder = cacheFolder;
    }

    JavacppCudaDriver open() {
      return JavacppCudaDriver.open(0, Optional.empty(), cacheFolder, notices::add);
    }
  }

  private FakeCudaChild() {}

  /** Names of all cases, in the order in which they run. */
  static List<String> names() {
    List<String> names = new ArrayList<>(List.of(MISSING));
    names.addAll(cases().keySet());
    return names;
  }

  private static Map<String, Consumer<Lab>> cases() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    CudaDriverContract.cases()
        .forEach((name, test) -> cases.put("contract: " + name, lab -> CudaDriverContract.check(test, lab.open())));
    cases.putAll(FakeCudaCases.cases());
    cases.putAll(FakeCudaFailures.cases());
    return cases;
  }

  /** Arguments: an empty folder. */
  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    // Before anything is loaded: what is loaded once is never missing again.
    report(System.out, MISSING, () -> FakeCudaCases.missing(folder));
    int number = 0;
    for (Map.Entry<String, Consumer<Lab>> test : cases().entrySet()) {
      Lab lab = new Lab(newFolder(folder.resolve("cache-" + number++)));
      report(System.out, test.getKey(), () -> run(test.getValue(), lab));
    }
  }

  private static void run(Consumer<Lab> test, Lab lab) {
    int before = lab.fakes.living();
    try {
      test.accept(lab);
      if (lab.fakes.living() != before) {
        throw new AssertionError((lab.fakes.living() - before) + " native objects are left");
      }
    } finally {
      lab.fakes.reset();
    }
  }

  private static void report(PrintStream out, String name, Runnable test) {
    try {
      test.run();
      out.println("ok\t" + name);
    } catch (Throwable e) {
      e.printStackTrace(out);
      out.println("failed\t" + name + "\t" + e.toString().replaceAll("\\s+", " "));
    }
  }

  private static Path newFolder(Path folder) {
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
