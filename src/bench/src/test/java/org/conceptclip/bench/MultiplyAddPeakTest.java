package org.conceptclip.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MultiplyAddPeakTest {
  @Test
  void theProgramsTwoNumbersAreRead() {
    assertEquals(new MultiplyAddPeak(440.5, 882), MultiplyAddPeak.parse("440.5 882.0\n"));
  }

  @Test
  void productsOfBfloat16HaveTheirOwnRoof() {
    MultiplyAddPeak peak = new MultiplyAddPeak(1, 2);
    assertEquals(1, peak.roof(false).gflops());
    assertEquals(2, peak.roof(true).gflops());
  }

  @Test
  void outsideACheckoutThereIsNone(@TempDir Path elsewhere) {
    assertTrue(MultiplyAddPeak.measure(elsewhere, 1).isEmpty());
  }
}
