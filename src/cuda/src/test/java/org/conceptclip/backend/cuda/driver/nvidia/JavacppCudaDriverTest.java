package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.OnEmulator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real binding, in a process that sees fake CUDA libraries over the emulator: the driver's contract, what a binding has to do
 * beyond it, and every call failing once.
 */
@OnEmulator
class JavacppCudaDriverTest {
  @TempDir Path folder;

  @TestFactory
  List<DynamicTest> onFakeLibraries() throws Exception {
    Path output = folder.resolve("output");
    String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx512m", "-cp", classPath,
        FakeCudaChild.class.getName(), folder.toString())
        .redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("LD_LIBRARY_PATH", FakeCuda.build().toString());
    builder.environment().put("CUDA_VISIBLE_DEVICES", "0");
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(15, TimeUnit.MINUTES), "the child hangs: " + Files.readString(output));
    } finally {
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(output);
    assertEquals(0, process.exitValue(), () -> String.join("\n", lines));
    Map<String, String> results = new HashMap<>();
    for (String line : lines) {
      String[] words = line.split("\t");
      if (words[0].equals("ok") || words[0].equals("failed")) {
        results.put(words[1], words[0]);
      }
    }
    // By the names that the child must report: a case that it leaves out fails, too.
    return FakeCudaChild.names().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> assertEquals("ok", results.get(name), () -> String.join("\n", lines))))
        .toList();
  }

  @Test
  void withoutADriverTheAnswerIsQuickAndPlain() {
    assumeTrue(CudaLibraries.find(Optional.empty()).driver().isEmpty(), "an NVIDIA driver is installed here");
    long start = System.nanoTime();
    BackendUnavailableException failure = assertThrows(BackendUnavailableException.class,
        () -> JavacppCudaDriver.open(0, Optional.empty(), line -> { }));
    assertEquals("CUDA: no NVIDIA driver was found (libcuda.so.1 does not load)", failure.getMessage());
    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(1), "took too long");
  }
}
