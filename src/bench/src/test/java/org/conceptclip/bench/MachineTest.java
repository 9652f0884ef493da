package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MachineTest {
  private static final List<String> CPU_INFO = List.of(
      "processor\t: 0", "cpu family\t: 6", "model\t\t: 143", "model name\t: Some CPU @ 2.0GHz",
      "flags\t\t: fpu sse avx2 avx512f amx_tile amx_bf16 amxish");

  @Test
  void theProcessorIsNamedWithFamilyAndModel() {
    assertEquals("Some CPU @ 2.0GHz, family 6, model 143", Machine.cpu(CPU_INFO));
  }

  @Test
  void onlyWholeFlagsCount() {
    assertEquals(List.of("avx2", "avx512f", "amx_tile", "amx_bf16"), Machine.features(CPU_INFO));
  }

  @Test
  void thisMachineIsDescribed() {
    Machine machine = Machine.current();
    assertEquals(Runtime.getRuntime().availableProcessors(), machine.cores());
    assertTrue(machine.cpu().matches(".+, family \\d+, model \\d+"), machine::cpu);
    assertTrue(machine.os().startsWith("Linux "), machine::os);
    assertEquals(Runtime.version().toString(), machine.jdk());
  }
}
