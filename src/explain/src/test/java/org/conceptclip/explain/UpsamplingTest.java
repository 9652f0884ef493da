package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.conceptclip.op.PatchGeometry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the values of patches are in the picture. */
class UpsamplingTest {
  /** As in the published model: 27 patches, which leave 6 rows and columns of 384 unseen. */
  private static final PatchGeometry PUBLISHED = new PatchGeometry(384, 14);

  @ParameterizedTest
  @CsvSource({"768,384", "384,768", "500,500", "384,384", "1000,37", "2048,1365"})
  void aHotPatchIsHottestInItsMiddleInAnyFormat(int width, int height) {
    for (Interpolation interpolation : Interpolation.values()) {
      for (int[] place : new int[][] {{0, 0}, {26, 0}, {0, 26}, {26, 26}, {5, 20}, {13, 13}}) {
        int column = place[0];
        int row = place[1];
        float[] values = hot(column, row, interpolation, width, height);
        int at = IntStream.range(0, values.length).reduce((a, b) -> values[a] >= values[b] ? a : b).orElseThrow();
        // The patch covers 14 of the square's 384 pixels, wherever the aspect puts them.
        assertEquals((column + 0.5) * 14 * width / 384, at % width, 7.0 * width / 384 + 1, "column");
        assertEquals((row + 0.5) * 14 * height / 384, at / width, 7.0 * height / 384 + 1, "row");
      }
    }
  }

  @Test
  void atTheSizeOfTheSquareTheMiddleOfAPatchHasItsValue() {
    // An odd patch size puts the middle of a patch on the middle of a pixel: column c of 15 is pixel 15 c + 7.
    PatchGeometry geometry = new PatchGeometry(61, 15);
    float[] values = new float[16];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.sin(i);
    }
    for (Interpolation interpolation : Interpolation.values()) {
      float[] all = new Upsampling(new PatchMap(4, values), geometry, interpolation, 61, 61).values();
      for (int row = 0; row < 4; row++) {
        for (int column = 0; column < 4; column++) {
          assertEquals(values[row * 4 + column], all[(15 * row + 7) * 61 + 15 * column + 7], 1e-6);
        }
      }
    }
  }

  @Test
  void theBorderThatNoPatchSeesHasTheNearestValue() {
    // 378 of 384 columns are seen; the last patch's middle is at 371.
    float[] values = hot(26, 26, Interpolation.BILINEAR, 384, 384);
    assertEquals(1, values[383 * 384 + 383]);
    assertEquals(1, values[371 * 384 + 371]);
    assertTrue(values[364 * 384 + 364] < 1);
    // A map that is stretched over all 384 columns would be hottest elsewhere.
    assertEquals(0.5f, values[383 * 384 + 363] / 2 + values[383 * 384 + 364] / 2, 1e-5, "halfway between the middles at 357 and 371");
  }

  @ParameterizedTest
  @EnumSource(Interpolation.class)
  void everyPictureOfAConstantMapIsConstant(Interpolation interpolation) {
    float[] map = new float[27 * 27];
    Arrays.fill(map, 0.25f);
    for (int[] size : new int[][] {{1, 1}, {1, 500}, {500, 1}, {3, 7}, {27, 27}}) {
      float[] values = new Upsampling(new PatchMap(27, map), PUBLISHED, interpolation, size[0], size[1]).values();
      float[] expected = new float[values.length];
      Arrays.fill(expected, 0.25f);
      assertArrayEquals(expected, values, 1e-6f);
    }
  }

  @Test
  void onePixelIsTheMiddle() {
    // The middle of the picture, 192 of 384, is the middle of patch 13 (182 to 196) and a little beyond.
    assertEquals(1, hot(13, 13, Interpolation.BILINEAR, 1, 1)[0], 0.4);
    assertEquals(0, hot(0, 0, Interpolation.BILINEAR, 1, 1)[0]);
    assertTrue(hot(13, 13, Interpolation.BILINEAR, 1, 1)[0] > hot(14, 14, Interpolation.BILINEAR, 1, 1)[0]);
  }

  @Test
  void onePatchIsEverywhere() {
    float[] values = new Upsampling(new PatchMap(1, new float[] {3}), new PatchGeometry(16, 14), Interpolation.BICUBIC, 5, 4).values();
    for (float value : values) {
      assertEquals(3, value, 1e-6);
    }
  }

  @Test
  void aCubicCurveFollowsAParabolaAndALineFollowsALine() {
    float[] square = new float[27 * 27];
    float[] line = new float[27 * 27];
    for (int i = 0; i < square.length; i++) {
      square[i] = (i % 27) * (i % 27);
      line[i] = i % 27;
    }
    float[] cubic = new Upsampling(new PatchMap(27, square), PUBLISHED, Interpolation.BICUBIC, 3840, 1).values();
    float[] linear = new Upsampling(new PatchMap(27, line), PUBLISHED, Interpolation.BILINEAR, 3840, 1).values();
    for (int x = 300; x < 3300; x++) {
      double place = (x + 0.5) / 140 - 0.5;
      assertEquals(place * place, cubic[x], 1e-3);
      assertEquals(place, linear[x], 1e-4);
    }
  }

  @Test
  void aMapOfAnotherGridIsRefused() {
    assertThrows(IllegalArgumentException.class,
        () -> new Upsampling(new PatchMap(4, new float[16]), PUBLISHED, Interpolation.BICUBIC, 10, 10));
  }

  private static float[] hot(int column, int row, Interpolation interpolation, int width, int height) {
    float[] map = new float[27 * 27];
    map[row * 27 + column] = 1;
    return new Upsampling(new PatchMap(27, map), PUBLISHED, interpolation, width, height).values();
  }
}
