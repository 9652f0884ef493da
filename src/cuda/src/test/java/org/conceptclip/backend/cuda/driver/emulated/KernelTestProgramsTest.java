package org.conceptclip.backend.cuda.driver.emulated;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.conceptclip.backend.OnEmulator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The programs of {@code native/emulator/test}: single kernels against float64 loops, over shapes, tiles and pitches that the op
 * contract does not reach through the backend.
 */
@OnEmulator
class KernelTestProgramsTest {
  private static final String SUFFIX = "_test.cpp";
  private static final Path CHECKOUT = EmulatorLocation.checkout().orElseThrow();
  private static final Path PROGRAMS = CHECKOUT.resolve("native/emulator/test");

  @TestFactory
  Stream<DynamicTest> programs() throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.list(PROGRAMS)) {
      names = files.map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()))
          .sorted()
          .toList();
    }
    assertFalse(names.isEmpty(), "no test programs in " + PROGRAMS);
    return names.stream().map(name -> DynamicTest.dynamicTest(name, () -> run(name)));
  }

  private static void run(String name) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(PROGRAMS.resolve("run").toString(), name)
        .directory(CHECKOUT.toFile())
        .redirectErrorStream(true)
        .start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }
}
