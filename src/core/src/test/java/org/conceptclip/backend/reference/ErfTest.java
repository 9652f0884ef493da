package org.conceptclip.backend.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.conceptclip.op.ErfSeries;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.junit.jupiter.api.Test;

class ErfTest {
  private static double[] golden(String name) {
    try (SafetensorsFile file =
            SafetensorsFile.open(Path.of(ErfTest.class.getResource("/golden/ops/expected.safetensors").toURI()));
        var loan = file.read(name)) {
      HostTensor tensor = loan.tensor();
      return tensor.toDoubleArray();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void matchesTheGoldenErf() {
    double[] x = golden("gelu_x");
    double[] expected = golden("erf");
    for (int i = 0; i < x.length; i++) {
      assertEquals(expected[i], Erf.erf(x[i]), 2 * Math.ulp(expected[i]), "erf(" + x[i] + ")");
    }
  }

  @Test
  void matchesTheGoldenGelu() {
    double[] x = golden("gelu_x");
    double[] expected = golden("gelu_erf");
    for (int i = 0; i < x.length; i++) {
      // The golden code adds 1 + erf, which cancels in the negative tail: 1 ulp of 1, times |x| / 2.
      double limit = 4 * Math.ulp(expected[i]) + Math.abs(x[i]) * Math.ulp(1.0);
      assertEquals(expected[i], Erf.gelu(x[i]), limit, "gelu(" + x[i] + ")");
    }
  }

  @Test
  void matchesTheSeriesAndTheContinuedFraction() {
    for (double x = 1e-8; x < 3; x *= 1.0137) {
      assertEquals(1, Erf.erf(x) / ErfSeries.erfBySeries(x), 2e-15, "erf(" + x + ")");
      assertEquals(1, Erf.erf(-x) / -ErfSeries.erfBySeries(x), 2e-15, "erf(-" + x + ")");
    }
    for (double x = 2; x < 26; x += 0.01) {
      // exp(-x*x) of the yardstick loses x*x ulps.
      assertEquals(1, Erf.erfc(x) / ErfSeries.erfcByFraction(x), 4e-16 * (4 + x * x), "erfc(" + x + ")");
    }
    for (double x = 0.01; x < 2.4; x += 0.01) {
      assertEquals(1 - ErfSeries.erfBySeries(x), Erf.erfc(x), 1e-15, "erfc(" + x + ")");
      assertEquals(1 + ErfSeries.erfBySeries(x), Erf.erfc(-x), 1e-15, "erfc(-" + x + ")");
    }
  }

  @Test
  void endsOfTheLine() {
    assertEquals(0.0, Erf.erf(0));
    assertEquals(-1.0, Erf.erf(Double.NEGATIVE_INFINITY));
    assertEquals(1.0, Erf.erf(40));
    assertEquals(0.0, Erf.erfc(Double.POSITIVE_INFINITY));
    assertEquals(2.0, Erf.erfc(-40));
    assertEquals(0.0, Erf.gelu(Double.NEGATIVE_INFINITY));
    assertEquals(Double.POSITIVE_INFINITY, Erf.gelu(Double.POSITIVE_INFINITY));
    assertTrue(Double.isNaN(Erf.erf(Double.NaN)) && Double.isNaN(Erf.erfc(Double.NaN)) && Double.isNaN(Erf.gelu(Double.NaN)));
  }
}
