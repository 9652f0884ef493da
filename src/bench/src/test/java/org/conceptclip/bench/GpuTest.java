package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class GpuTest {
  @Test
  void oneLineOfTheToolIsOneGpu() {
    Gpu gpu = Gpu.parse("NVIDIA H100 80GB HBM3, 580.65.06, 1755, 1980, 2619, 700.00, 41\n");
    assertEquals(new Gpu("NVIDIA H100 80GB HBM3", "580.65.06", 1755.0, 1980.0, 2619.0, 700.0, 41.0), gpu);
  }

  @Test
  void whatADeviceDoesNotTellIsNull() {
    assertNull(Gpu.parse("Some GPU, 580.1, 1000, 2000, 3000, [N/A], 30").powerLimitWatts());
  }

  @Test
  void anotherAnswerIsRefusedWithItsText() {
    ContestantFailedException failure =
        assertThrows(ContestantFailedException.class, () -> Gpu.parse("No devices were found"));
    assertTrue(failure.getMessage().contains("No devices were found"), failure::getMessage);
  }

  @Test
  void dataSheetsGoByTheDriversName() {
    assertEquals(new Roof(989e3, 3350), Roof.ofDevice("NVIDIA H100 80GB HBM3").orElseThrow());
    assertTrue(Roof.ofDevice("NVIDIA H100 PCIe").isEmpty(), "the PCIe board has other roofs than the SXM module");
    assertTrue(Roof.ofDevice("emulated sm_90").isEmpty());
  }
}
