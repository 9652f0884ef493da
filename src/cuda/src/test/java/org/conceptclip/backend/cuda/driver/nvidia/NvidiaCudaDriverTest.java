package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.conceptclip.backend.BackendUnavailableException;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.cuda.driver.nvidia.FakeCudaChild.Machine;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real binding, in processes that see fake CUDA libraries over the emulator: the driver's contract, what a binding has to do
 * beyond it, every call failing once, and machines that lack something.
 */
@OnEmulator
class NvidiaCudaDriverTest {
  @TempDir Path folder;

  @TestFactory
  List<DynamicTest> onFakeLibraries() throws Exception {
    return on(Machine.COMPLETE, Map.of());
  }

  @TestFactory
  List<DynamicTest> onAMachineWithTheDriverAlone() throws Exception {
    return on(Machine.DRIVER_ALONE, Map.of());
  }

  @TestFactory
  List<DynamicTest> onADriverThatLacksFunctions() throws Exception {
    return on(Machine.OLD_DRIVER, Map.of());
  }

  @TestFactory
  List<DynamicTest> onAMachineWithCudnn() throws Exception {
    return on(Machine.WITH_CUDNN, Map.of());
  }

  @TestFactory
  List<DynamicTest> withACublasLtOfAnotherVersionUnderOurName() throws Exception {
    return on(Machine.MISLABELLED, Map.of("FAKECUDA_CUBLASLT_VERSION", "110501"));
  }

  private List<DynamicTest> on(Machine machine, Map<String, String> environment) throws Exception {
    Path output = folder.resolve("output");
    Path complete = FakeCuda.build();
    Path libraries = complete.resolve(machine.folder);
    String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx512m", "-cp", classPath));
    if (machine != Machine.COMPLETE && machine != Machine.WITH_CUDNN) {
      // Whatever this machine really has must not be found.
      command.add("-D" + CudaLibraries.FOLDER_PROPERTY + "=" + libraries);
    }
    command.addAll(List.of(FakeCudaChild.class.getName(), machine.name(), folder.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("LD_LIBRARY_PATH", machine == Machine.WITH_CUDNN ? libraries + ":" + complete : libraries.toString());
    builder.environment().put("CUDA_VISIBLE_DEVICES", "0");
    builder.environment().putAll(environment);
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
    return machine.cases().keySet().stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> assertEquals("ok", results.get(name), () -> String.join("\n", lines))))
        .toList();
  }

  @Test
  void withoutADriverTheAnswerIsQuickAndPlain() {
    assumeTrue(CudaLibraries.find(Optional.empty()).driver().isEmpty(), "an NVIDIA driver is installed here");
    long start = System.nanoTime();
    BackendUnavailableException failure = assertThrows(BackendUnavailableException.class,
        () -> NvidiaCudaDriver.open(0, Optional.empty(), line -> { }));
    assertEquals("CUDA: no NVIDIA driver was found (libcuda.so.1 does not load)", failure.getMessage());
    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(1), "took too long");
  }
}
