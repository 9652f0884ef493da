package org.conceptclip.op;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.conceptclip.image.AxisWeights;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.RgbImage;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/** Cases of {@link Ops#resize}, byte for byte: against a plain loop of the suite's own, and against what Pillow made of the fixtures. */
final class ResizeCases {
  private static final int CHANNELS = 3;
  private static final String FIXTURES = "/golden/preprocess/";

  private ResizeCases() {}

  static Stream<ContractCase> all() {
    return Stream.of(
            bicubic(31, 17, 12, 12), bicubic(17, 31, 24, 24), bicubic(1, 1, 5, 4), bicubic(64, 3, 7, 9), bicubic(3, 65, 9, 130),
            bicubic(16, 16, 16, 16), bicubic(20, 50, 20, 9), bicubic(50, 20, 9, 20), bicubic(200, 333, 96, 96), bicubic(5, 700, 33, 1),
            clipping(), uneven(),
            golden("0_RGB_17x31"), golden("1_RGB_512x384"), golden("2_RGB_1000x777"), golden("3_RGB_384x384"), golden("4_RGB_2048x64"));
  }

  /** Pillow's bicubic weights, as the resize on the device gets them. */
  static Resampling bicubic(int inputs, int outputs) {
    AxisWeights axis = AxisWeights.bicubic(inputs, outputs);
    return new Resampling(axis.inputs(), axis.outputs(), axis.taps(), axis.first(), axis.count(), axis.weights());
  }

  private static ContractCase bicubic(int height, int width, int toHeight, int toWidth) {
    return random("bicubic", height, width, bicubic(width, toWidth), bicubic(height, toHeight));
  }

  /** Weights that reach far below 0 and above 255 in both passes. */
  private static ContractCase clipping() {
    return random("sums beyond a byte", 9, 10, sharpening(10), sharpening(9));
  }

  private static Resampling sharpening(int extent) {
    int outputs = extent - 2;
    int[] first = new int[outputs];
    int[] weights = new int[3 * outputs];
    for (int output = 0; output < outputs; output++) {
      first[output] = output;
      weights[3 * output] = -1 << 19;
      weights[3 * output + 1] = 3 << 21;
      weights[3 * output + 2] = -3 << 19;
    }
    int[] count = new int[outputs];
    Arrays.fill(count, 3);
    return new Resampling(extent, outputs, 3, first, count, weights);
  }

  /** Counts that differ, positions in any order, and weights behind the count, which must not be read. */
  private static ContractCase uneven() {
    int unit = 1 << Resampling.WEIGHT_BITS;
    int garbage = Integer.MIN_VALUE;
    Resampling columns = new Resampling(
        7, 3, 4, new int[] {6, 0, 3}, new int[] {1, 4, 2},
        new int[] {unit, garbage, garbage, garbage, unit / 4, unit / 4, unit / 4, unit / 4, unit / 3, unit / 2, garbage, garbage});
    Resampling rows = new Resampling(2, 2, 2, new int[] {1, 0}, new int[] {1, 2}, new int[] {unit, garbage, unit / 2, unit / 2});
    return random("uneven counts", 2, 7, columns, rows);
  }

  private static ContractCase random(String kind, int height, int width, Resampling columns, Resampling rows) {
    String name = "resize " + kind + " " + height + " x " + width + " to " + rows.outputs() + " x " + columns.outputs();
    return new ContractCase(name, bench -> {
      byte[] pixels = new byte[height * width * CHANNELS];
      new Random(60L * height + width).nextBytes(pixels);
      check(bench, name, pixels, columns, rows, plain(pixels, columns, rows));
    });
  }

  private static ContractCase golden(String file) {
    return new ContractCase("resize as Pillow does " + file, bench -> {
      RgbImage image = decode(file + ".png");
      RgbImage expected = decode(file + ".expected.png");
      check(bench, file, image.pixels(), bicubic(image.width(), expected.width()), bicubic(image.height(), expected.height()),
          expected.pixels());
    });
  }

  private static RgbImage decode(String file) {
    try {
      Path path = Path.of(ResizeCases.class.getResource(FIXTURES + file).toURI());
      return new ImageDecoder(DecodeLimits.DEFAULT).decode(path);
    } catch (URISyntaxException e) {
      throw new AssertionError(file, e);
    }
  }

  private static void check(
      Bench bench, String what, byte[] pixels, Resampling columns, Resampling rows, byte[] expected) {
    Shape shape = Shape.of(rows.inputs(), columns.inputs(), CHANNELS);
    Tensor image = bench.workspace().buffer("contract.image", DType.U8, shape);
    bench.workspace().upload(HostTensor.view(DType.U8, shape, MemorySegment.ofArray(pixels)), image);
    Tensor out = bench.workspace().buffer("contract.resized", DType.U8, Shape.of(rows.outputs(), columns.outputs(), CHANNELS));
    bench.ops().resize(image, columns, rows, out);
    checkBytes(what, download(bench, out), expected, columns.outputs());
    checkBytes(what + ": the image after the op", download(bench, image), pixels, columns.inputs());
  }

  private static byte[] download(Bench bench, Tensor tensor) {
    try (Arena arena = Arena.ofConfined()) {
      return bench.workspace().download(tensor, arena).data().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static void checkBytes(String what, byte[] found, byte[] expected, int width) {
    if (found.length != expected.length) {
      throw new AssertionError(what + ": " + found.length + " bytes, expected " + expected.length);
    }
    int at = Arrays.mismatch(found, expected);
    if (at >= 0) {
      int pixel = at / CHANNELS;
      throw new AssertionError(what + ": row " + pixel / width + " column " + pixel % width + " channel " + at % CHANNELS + " is "
          + (found[at] & 0xff) + ", expected " + (expected[at] & 0xff));
    }
  }

  /** Both passes as the contract says, for one value after the other. */
  private static byte[] plain(byte[] pixels, Resampling columns, Resampling rows) {
    byte[] result = new byte[rows.outputs() * columns.outputs() * CHANNELS];
    int at = 0;
    for (int y = 0; y < rows.outputs(); y++) {
      for (int x = 0; x < columns.outputs(); x++) {
        for (int channel = 0; channel < CHANNELS; channel++) {
          double sum = 0;
          for (int i = 0; i < rows.count()[y]; i++) {
            int line = (rows.first()[y] + i) * columns.inputs();
            double between = 0;
            for (int j = 0; j < columns.count()[x]; j++) {
              int pixel = pixels[(line + columns.first()[x] + j) * CHANNELS + channel] & 0xff;
              between += (double) pixel * columns.weights()[x * columns.taps() + j];
            }
            sum += rounded(between) * rows.weights()[y * rows.taps() + i];
          }
          result[at++] = (byte) rounded(sum);
        }
      }
    }
    return result;
  }

  /** Exact: sums of integers below 2^53, divided by a power of two. */
  private static double rounded(double sum) {
    return Math.clamp(Math.floor(sum / 4194304 + 0.5), 0, 255);
  }
}
