package org.conceptclip.backend.cuda.driver.emulated;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.conceptclip.backend.BackendUnavailableException;

/** Finds the emulator's library: where a system property says, or built from the kernels of the checkout that this runs in. */
final class EmulatorLocation {
  static final String PROPERTY = "conceptclip.emulator";

  private static final Path BUILD_SCRIPT = Path.of("native", "emulator", "build");
  private static final Path LIBRARY = Path.of("target", "emulator", "libconceptclip-emulator.so");

  private static Path builtOrNull;
  private static BackendUnavailableException failureOrNull;

  private EmulatorLocation() {}

  /** Why {@link #find} would fail before it tries to build, in one line; empty when it would not. */
  static Optional<String> absence() {
    String explicit = System.getProperty(PROPERTY);
    if (explicit != null) {
      return Files.isRegularFile(Path.of(explicit))
          ? Optional.empty()
          : Optional.of("emulator: -D" + PROPERTY + "=" + explicit + " is not a file; expected libconceptclip-emulator.so");
    }
    if (checkout().isEmpty()) {
      return Optional.of("emulator: no checkout with " + BUILD_SCRIPT + " around " + Path.of("").toAbsolutePath()
          + " or the program's own files; set -D" + PROPERTY + "=LIBRARY");
    }
    return compilerFound() ? Optional.empty() : Optional.of("emulator: no g++ on the PATH; install g++ 12 or later");
  }

  private static boolean compilerFound() {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.of(path.split(File.pathSeparator)).anyMatch(folder -> Files.isExecutable(Path.of(folder, "g++")));
  }

  /**
   * The library, built if its sources changed.
   *
   * @param notices gets one line before a first build, and what the build says
   * @throws BackendUnavailableException if there is neither a library nor a way to build it
   */
  static Path find(Consumer<String> notices) {
    absence().ifPresent(absence -> {
      throw new BackendUnavailableException(absence);
    });
    String explicit = System.getProperty(PROPERTY);
    return explicit != null ? Path.of(explicit) : built(notices);
  }

  /** Builds once per JVM: checking all sources by their content costs tens of milliseconds, a failing build much more. */
  private static synchronized Path built(Consumer<String> notices) {
    if (failureOrNull != null) {
      throw new BackendUnavailableException(failureOrNull.getMessage(), failureOrNull);
    }
    if (builtOrNull == null) {
      Path checkout = checkout().orElseThrow();
      Path library = checkout.resolve(LIBRARY);
      if (!Files.exists(library)) {
        notices.accept("building the emulator of the CUDA kernels (first use) ...");
      }
      try {
        run(checkout.resolve(BUILD_SCRIPT), checkout, notices);
      } catch (BackendUnavailableException e) {
        failureOrNull = e;
        throw e;
      }
      builtOrNull = library;
    }
    return builtOrNull;
  }

  /** The nearest folder upwards, of the working directory or of our classes, that holds the emulator's sources. */
  static Optional<Path> checkout() {
    return Stream.concat(Stream.of(Path.of("").toAbsolutePath()), ownFiles().stream())
        .flatMap(start -> Stream.iterate(start, folder -> folder != null, Path::getParent))
        .filter(folder -> Files.isExecutable(folder.resolve(BUILD_SCRIPT)))
        .findFirst();
  }

  private static Optional<Path> ownFiles() {
    CodeSource source = EmulatorLocation.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(source.getLocation().toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException("location of our own classes: " + source.getLocation(), e);
    }
  }

  private static void run(Path script, Path checkout, Consumer<String> notices) {
    try {
      Process process = new ProcessBuilder(script.toString()).directory(checkout.toFile()).redirectErrorStream(true).start();
      process.getOutputStream().close();
      List<String> said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      int code = process.waitFor();
      said.stream().filter(line -> !line.endsWith("is up to date")).forEach(notices);
      if (code != 0) {
        String reason = said.stream().filter(line -> line.contains("error:")).findFirst()
            .orElse(said.isEmpty() ? "it says nothing" : said.getLast());
        throw new BackendUnavailableException("emulator: " + BUILD_SCRIPT + " failed (exit " + code + "): " + reason);
      }
    } catch (IOException e) {
      throw new BackendUnavailableException("emulator: cannot run " + script, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendUnavailableException("emulator: interrupted while it was built", e);
    }
  }
}
