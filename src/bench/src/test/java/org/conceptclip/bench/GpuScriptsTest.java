package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The Python scripts of bench/gpu that need nothing but Python: their own tests, and that the roofline's page is theirs. */
class GpuScriptsTest {
  @Test
  void theRooflinePageIsWhatItsScriptWrites() throws Exception {
    run("bench/gpu/roofline.py", "--check");
  }

  @Test
  void checkPassesItsOwnTests() throws Exception {
    run("bench/gpu/test_check.py");
  }

  @Test
  void labPassesItsOwnTests() throws Exception {
    run("bench/gpu/test_lab.py");
  }

  private static void run(String script, String... arguments) throws IOException, InterruptedException {
    assumeTrue(hasPython(), "no python3 on this machine");
    String[] command = new String[arguments.length + 2];
    command[0] = "python3";
    command[1] = script;
    System.arraycopy(arguments, 0, command, 2, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(true, process.waitFor(2, TimeUnit.MINUTES), script + " does not end");
    assertEquals(0, process.exitValue(), () -> script + ":\n" + output);
  }

  private static boolean hasPython() throws InterruptedException {
    try {
      return new ProcessBuilder("python3", "--version").redirectErrorStream(true).start().waitFor() == 0;
    } catch (IOException e) {
      // No such program.
      return false;
    }
  }
}
