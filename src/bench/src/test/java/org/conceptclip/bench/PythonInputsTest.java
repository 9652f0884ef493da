package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Python peers generate the same inputs: bench/peers/python/java_random.py. */
class PythonInputsTest {
  private static final int VOCABULARY = 30522;

  @Test
  void pixels() throws Exception {
    float[] pixels = new Workload.Vision(3).pixels(37);
    assertEquals(
        joined(pixels), python("print(' '.join(str(int(v)) for v in java_random.pixels(3, 37).ravel() * 2.0**24))"));
  }

  @Test
  void bytes() throws Exception {
    byte[] bytes = new Workload.Vision(3).bytes(5);
    assertEquals(Arrays.toString(bytes),
        python("print(list(int(v) for v in java_random.image_bytes(3, 5).ravel().view('int8')))"));
  }

  @Test
  void bucketsHoldEachTextOnceAndNeighbouringLengths() throws Exception {
    assertEquals("[[3, 1], [2, 0]] [[0]]",
        python("print(java_random.buckets([70, 9, 40, 8], 2), java_random.buckets([7], 4))"));
    assertEquals("True", python("all, some = java_random.padded([2, 9, 4], 30522), java_random.padded([2, 9, 4], 30522, [2, 0]); "
        + "print(bool((some == all[[2, 0], :4]).all()) and not all[[2, 0], 4:].any())"));
  }

  @Test
  void thePeerPassesItsOwnTests() throws Exception {
    python("import subprocess; subprocess.run([sys.executable, 'bench/peers/python/test_torch_peer.py'], check=True)");
  }

  @Test
  void tokens() throws Exception {
    Workload.Texts texts = Workload.Texts.mixed(40, 77);
    String lengths = Arrays.toString(texts.lengths());
    assertEquals(
        Arrays.stream(texts.padded(VOCABULARY)).mapToObj(Long::toString).collect(Collectors.joining(" ")),
        python("print(' '.join(str(v) for v in java_random.padded(" + lengths + ", " + VOCABULARY + ").ravel()))"));
  }

  /** In units of 2^-24, in which they are whole. */
  private static String joined(float[] values) {
    StringBuilder text = new StringBuilder();
    for (float value : values) {
      text.append(text.isEmpty() ? "" : " ").append((long) (value * 0x1p24));
    }
    return text.toString();
  }

  private static String python(String statement) throws IOException, InterruptedException {
    assumeTrue(answers("import numpy"), "no python3 with numpy on this machine");
    return run("import sys; sys.path.insert(0, 'bench/peers/python'); sys.dont_write_bytecode = True; import java_random; " + statement);
  }

  private static boolean answers(String program) throws InterruptedException {
    try {
      return new ProcessBuilder("python3", "-c", program).redirectErrorStream(true).start().waitFor() == 0;
    } catch (IOException e) {
      // No such program.
      return false;
    }
  }

  private static String run(String program) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("python3", "-c", program).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(true, process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0, "java_random.py failed");
    return output;
  }
}
