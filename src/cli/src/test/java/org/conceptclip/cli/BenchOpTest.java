package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;

class BenchOpTest {
  private static final Object[] TINY =
      {"bench", "op", "--backend", "cpu", "--model", "synthetic:tiny", "--images", "1", "--texts", "2", "--json"};

  @Test
  void anOpIsCheckedAndTimed() {
    JsonObject row = JsonParser.parseString(
        CliRun.of(CliRun.join(TINY, "--op", "vision fc1 + GELU", "--name", "first")).ended(ExitCode.DONE).out()).getAsJsonObject();
    assertEquals("first", row.get("contestant").getAsString());
    assertEquals("vision fc1 + GELU, 16 x 144 x 538", row.get("workload").getAsString());
    assertTrue(row.get("median").getAsDouble() > 0, row::toString);
    assertTrue(row.getAsJsonObject("figures").get("rmsError").getAsDouble() > 0, row::toString);
    assertEquals(16, row.getAsJsonObject("parameters").get("bits").getAsString().length());
  }

  @Test
  void mistakesAreNamed() {
    CliRun.of(CliRun.join(TINY, "--op", "vision fc3")).ended(ExitCode.WRONG_USAGE).refused("--op vision fc3", "vision fc2");
    CliRun.of("bench", "op", "--op", "text qkv", "--images", "0").ended(ExitCode.WRONG_USAGE).refused("--images");
    CliRun.of(CliRun.join(TINY, "--op", "text qkv", "--option", "colour=red")).ended(ExitCode.WRONG_USAGE).refused("--colour");
  }
}
