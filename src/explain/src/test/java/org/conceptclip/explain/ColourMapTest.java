package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Whether the order of values can be seen, by eyes of all kinds. */
class ColourMapTest {
  @Test
  void lightnessRisesEvenlyAllTheWay() {
    double before = lightness(ColourMap.rgb(0));
    double step = (lightness(ColourMap.rgb(1)) - before) / 64;
    assertTrue(before < 20 && lightness(ColourMap.rgb(1)) > 85, "from dark to light");
    for (int i = 1; i <= 64; i++) {
      double now = lightness(ColourMap.rgb(i / 64.0));
      assertTrue(now > before, "lightness at " + i);
      assertTrue(now - before > 0.4 * step && now - before < 1.8 * step, "a step of " + (now - before) + " at " + i + ", mean " + step);
      before = now;
    }
  }

  @Test
  void lightnessRisesForReadersWithoutRedOrGreenConesAsWell() {
    // Machado, Oliveira and Fernandes 2009, severity 1: matrices on linear light.
    double[][] protan = {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}};
    double[][] deutan = {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
    for (double[][] eye : new double[][][] {protan, deutan}) {
      double before = -1;
      for (int i = 0; i <= 32; i++) {
        double now = lightness(seen(eye, ColourMap.rgb(i / 32.0)));
        assertTrue(now > before, "lightness at " + i);
        before = now;
      }
    }
  }

  @Test
  void theEndsAreThoseThatWerePublished() {
    assertEquals(0x440154, ColourMap.rgb(0));
    assertEquals(0xFDE725, ColourMap.rgb(1));
    assertEquals(ColourMap.rgb(0), ColourMap.rgb(-3));
    assertEquals(ColourMap.rgb(1), ColourMap.rgb(1.5));
  }

  private static double[] seen(double[][] eye, int rgb) {
    double[] light = light(rgb);
    double[] seen = new double[3];
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        seen[row] += eye[row][column] * light[column];
      }
    }
    return seen;
  }

  private static double lightness(int rgb) {
    return lightness(light(rgb));
  }

  /** CIELAB L*, from linear light. */
  private static double lightness(double[] light) {
    double luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
    return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
  }

  private static double[] light(int rgb) {
    double[] light = new double[3];
    for (int c = 0; c < 3; c++) {
      double share = (rgb >> (16 - 8 * c) & 0xFF) / 255.0;
      light[c] = share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    }
    return light;
  }
}
