package org.conceptclip.explain;

import org.conceptclip.op.PatchGeometry;

/**
 * A patch map at the size of the picture: undoes the squash to the square that the model sees.
 *
 * <p>A picture of width W was resized to S columns, of which patch {@code c} of size P holds columns {@code cP} to {@code (c + 1)P}. So the
 * middle of the picture's column x lies at {@code (x + 0.5) S / W} in the square, and at {@code (x + 0.5) S / (W P) - 0.5} among the
 * middles of the patches; rows alike. The right and lower border of the square that fills no whole patch (6 of 384 columns in the published
 * model) is not seen by the model: it has the value of the nearest place that is.
 *
 * <p>Immutable; {@link #row} may be called by several threads.
 */
public final class Upsampling {
  private final PatchMap map;
  private final Interpolation interpolation;
  private final Axis columns;
  private final Axis rows;

  /**
   * @param geometry how the model divides its square into patches
   * @param width columns of the picture, at least 1
   * @param height rows of the picture, at least 1
   * @throws IllegalArgumentException if the map is of another grid than the geometry's, or a side is less than 1
   */
  public Upsampling(PatchMap map, PatchGeometry geometry, Interpolation interpolation, int width, int height) {
    if (map.side() != geometry.grid()) {
      throw new IllegalArgumentException("a map of " + map.side() + " patches along an edge, expected " + geometry.grid());
    }
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException("a picture of " + width + "x" + height + " pixels");
    }
    this.map = map;
    this.interpolation = interpolation;
    this.columns = Axis.of(geometry, interpolation, width);
    this.rows = height == width ? columns : Axis.of(geometry, interpolation, height);
  }

  /**
   * One row of values, not limited to those of the patches: cubic curves may swing beyond them.
   *
   * @param y row of the picture, from 0 at the top
   * @param target receives [width]
   */
  public void row(int y, float[] target) {
    int side = map.side();
    int taps = interpolation.taps();
    double[] line = new double[side];
    for (int tap = 0; tap < taps; tap++) {
      double weight = rows.weights[y * taps + tap];
      int from = rows.neighbours[y * taps + tap] * side;
      for (int c = 0; c < side; c++) {
        line[c] += weight * map.values()[from + c];
      }
    }
    for (int x = 0; x < columns.size; x++) {
      double sum = 0;
      for (int tap = 0, at = x * taps; tap < taps; tap++, at++) {
        sum += columns.weights[at] * line[columns.neighbours[at]];
      }
      target[x] = (float) sum;
    }
  }

  /** All rows [height * width]. */
  public float[] values() {
    float[] all = new float[Math.multiplyExact(rows.size, columns.size)];
    float[] row = new float[columns.size];
    for (int y = 0; y < rows.size; y++) {
      row(y, row);
      System.arraycopy(row, 0, all, y * row.length, row.length);
    }
    return all;
  }

  /**
   * The neighbours of every position along an axis and their weights, both [size * taps].
   *
   * @param size pixels of the picture along it
   */
  private record Axis(int size, int[] neighbours, float[] weights) {
    static Axis of(PatchGeometry geometry, Interpolation interpolation, int size) {
      int taps = interpolation.taps();
      int last = geometry.grid() - 1;
      int[] neighbours = new int[Math.multiplyExact(size, taps)];
      float[] weights = new float[neighbours.length];
      double[] one = new double[taps];
      for (int x = 0; x < size; x++) {
        double place = Math.clamp((x + 0.5) * geometry.imageSize() / ((double) size * geometry.patchSize()) - 0.5, 0, last);
        int before = (int) place;
        interpolation.weights(place - before, one);
        for (int tap = 0; tap < taps; tap++) {
          neighbours[x * taps + tap] = Math.clamp(before + tap - (taps / 2 - 1), 0, last);
          weights[x * taps + tap] = (float) one[tap];
        }
      }
      return new Axis(size, neighbours, weights);
    }
  }
}
