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

/** What {@link NvidiaCudaDriverTest} runs in processes of their own, which see fake CUDA libraries. One line a case. */
final class FakeCudaChild {
  /** A machine, as its libraries show it. */
  enum Machine {
    /** All libraries. */
    COMPLETE(""),
    /** The NVIDIA driver and no CUDA toolkit. */
    DRIVER_ALONE("driver-alone"),
    /** A driver without functions that came later. */
    OLD_DRIVER("old-driver"),
    /** cuDNN as well, which lies in a folder of its own. */
    WITH_CUDNN("with-cudnn"),
    /** All libraries, but cuBLASLt is not what its name says. */
    MISLABELLED("");

    /** Where the libraries lie, in the folder of the fakes. */
    final String folder;

    Machine(String folder) {
      this.folder = folder;
    }

    Map<String, Consumer<Lab>> cases() {
      return switch (this) {
        case COMPLETE -> FakeCudaChild.complete();
        case DRIVER_ALONE -> DriverAloneCases.cases();
        case OLD_DRIVER -> DriverAloneCases.oldDriver();
        case WITH_CUDNN -> CudnnCases.cases();
        case MISLABELLED -> DriverAloneCases.mislabelled();
      };
    }
  }

  /** Opens drivers on the fakes. */
  static final class Lab {
    final FakeCuda fakes = new FakeCuda();
    final Path cacheFolder;
    final List<String> notices = new ArrayList<>();

    Lab(Path cacheFolder) {
      this.cacheFolder = cacheFolder;
    }

    NvidiaCudaDriver open() {
      return open(Optional.empty());
    }

    /** @param libraries where cuBLASLt is looked for, instead of the usual places */
    NvidiaCudaDriver open(Optional<Path> libraries) {
      return NvidiaCudaDriver.open(0, libraries, cacheFolder, notices::add);
    }
  }

  private FakeCudaChild() {}

  private static Map<String, Consumer<Lab>> complete() {
    Map<String, Consumer<Lab>> cases = new LinkedHashMap<>();
    CudaDriverContract.cases()
        .forEach((name, test) -> cases.put("contract: " + name, lab -> CudaDriverContract.check(test, lab.open())));
    cases.putAll(FakeCudaCases.cases());
    cases.putAll(FakeCudaFailures.cases());
    return cases;
  }

  /** Arguments: the machine, an empty folder. */
  public static void main(String[] args) {
    Path folder = Path.of(args[1]);
    int number = 0;
    for (Map.Entry<String, Consumer<Lab>> test : Machine.valueOf(args[0]).cases().entrySet()) {
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
