package org.conceptclip.calibration;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Pictures of noise, for when there are no others: sums of random fields of several coarsenesses, with a brightness and a contrast of their
 * own. They exercise a model, but they are not what it was trained on, so what is measured on them is weak evidence. The same pictures in
 * every run.
 */
public final class NoiseImages {
  private static final int COARSEST = 4;
  private static final int FINEST = 64;

  private NoiseImages() {}

  /** So many pictures, U8 [size, size, 3] each. */
  public static List<HostTensor> of(int count, int size) {
    return IntStream.range(0, count).mapToObj(seed -> picture(new Random(seed), size)).toList();
  }

  private static HostTensor picture(Random random, int size) {
    double[] values = new double[size * size * 3];
    double weight = 1;
    for (int cells = COARSEST; cells <= FINEST; cells *= 2) {
      add(random, cells, weight, size, values);
      weight *= 0.3 + 0.6 * random.nextDouble();
    }
    double brightness = 60 + 130 * random.nextDouble();
    double contrast = 20 + 60 * random.nextDouble();
    HostTensor picture = HostTensor.allocate(Arena.ofAuto(), DType.U8, size, size, 3);
    for (int i = 0; i < values.length; i++) {
      long level = Math.clamp(Math.round(brightness + contrast * values[i]), 0, 255);
      picture.data().set(ValueLayout.JAVA_BYTE, i, (byte) level);
    }
    return picture;
  }

  /** Adds a field of {@code cells} x {@code cells} random values for each channel, interpolated linearly. */
  private static void add(Random random, int cells, double weight, int size, double[] values) {
    double[] field = new double[(cells + 1) * (cells + 1) * 3];
    for (int i = 0; i < field.length; i++) {
      field[i] = weight * random.nextGaussian();
    }
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        for (int channel = 0; channel < 3; channel++) {
          values[(y * size + x) * 3 + channel] += at(field, cells, (double) x * cells / size, (double) y * cells / size, channel);
        }
      }
    }
  }

  private static double at(double[] field, int cells, double x, double y, int channel) {
    int column = (int) x;
    int row = (int) y;
    double right = x - column;
    double down = y - row;
    int corner = (row * (cells + 1) + column) * 3 + channel;
    int below = corner + (cells + 1) * 3;
    return (field[corner] * (1 - right) + field[corner + 3] * right) * (1 - down)
        + (field[below] * (1 - right) + field[below + 3] * right) * down;
  }
}
