package org.conceptclip.backend.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.KernelIndex;

/**
 * Which of our kernels multiplies how many rows on a device. Every kernel exists in several tile shapes, which give the same bits, so the
 * shape is chosen by the number of rows. Immutable and thread-safe.
 */
final class ProductPlan {
  private static final String HOPPER = "gemm_sm90_";
  private static final Pattern NAME = Pattern.compile("gemm_(?:sm90_)?([a-z]+_f(?:16|32))_(\\d+)x(\\d+)");
  private static final Pattern CODES = Pattern.compile("gemm_e4m3_sm90_([a-z]+_(?:f16|f32|e4m3))_(\\d+)x(\\d+)");

  /** Rows of one product of a warpgroup, which reads all of a tile's columns. */
  private static final int PRODUCT_ROWS = 64;

  private final Map<ProductShape.Kind, List<Tile>> tiles = new EnumMap<>(ProductShape.Kind.class);
  private final Map<String, List<Tile>> codeTiles = new TreeMap<>();
  private final int multiprocessors;

  /** A kernel, and how many rows and columns of the result a block computes at a time. */
  record Tile(Kernel kernel, int rows, int columns) {
    long count(long allRows, int outputs) {
      return Math.ceilDiv(allRows, (long) rows) * Math.ceilDiv(outputs, columns);
    }

    /** Whether it takes x and weight as tensor maps rather than by address. */
    boolean readsByTensorMap() {
      return kernel.fact("boxColumns").isPresent();
    }

    int fact(String name) {
      return kernel.fact(name).orElseThrow(() -> new IllegalStateException("kernel " + kernel + " states no " + name));
    }

    /**
     * Accesses to shared memory of one step over the inputs, which bind on Hopper: a line for each row and column is copied in; and read,
     * those of the columns once for every 64 rows.
     */
    private long cost() {
      return rows + columns + rows + (long) columns * Math.ceilDiv(rows, PRODUCT_ROWS);
    }
  }

  /** The kernels of an index, for a device of so many multiprocessors. */
  ProductPlan(KernelIndex kernels, int multiprocessors) {
    this.multiprocessors = multiprocessors;
    boolean hopper = kernels.names().stream().anyMatch(name -> name.startsWith(HOPPER));
    for (String name : kernels.names()) {
      Matcher matcher = NAME.matcher(name);
      // Tiles of one family have the same bits, and nothing promises that of two families: a device has one of them.
      if (matcher.matches() && name.startsWith(HOPPER) == hopper) {
        kind(matcher.group(1)).ifPresent(kind -> tiles.computeIfAbsent(kind, key -> new ArrayList<>())
            .add(new Tile(kernels.get(name), Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3)))));
      }
    }
    for (String name : kernels.names()) {
      Matcher matcher = CODES.matcher(name);
      if (matcher.matches()) {
        codeTiles.computeIfAbsent(matcher.group(1), key -> new ArrayList<>())
            .add(new Tile(kernels.get(name), Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3))));
      }
    }
    tiles.replaceAll((kind, list) -> largestFirst(list));
    codeTiles.replaceAll((kind, list) -> largestFirst(list));
  }

  private static List<Tile> largestFirst(List<Tile> tiles) {
    return tiles.stream().sorted(Comparator.comparingInt((Tile tile) -> -tile.rows() * tile.columns())).toList();
  }

  private static Optional<ProductShape.Kind> kind(String label) {
    return Arrays.stream(ProductShape.Kind.values()).filter(kind -> kind.label().equals(label)).findFirst();
  }

  /** Whether this build has such kernels for a device at all. */
  static boolean available(KernelIndex kernels) {
    return kernels.names().stream().anyMatch(name -> NAME.matcher(name).matches());
  }

  /** Whether this build has kernels for products of codes of F8_E4M3 for a device. */
  static boolean codesAvailable(KernelIndex kernels) {
    return kernels.names().stream().anyMatch(name -> CODES.matcher(name).matches());
  }

  /** All shapes of a kernel, the largest first. */
  List<Tile> tiles(ProductShape.Kind kind) {
    return tiles.getOrDefault(kind, List.of());
  }

  /**
   * The shape for so many rows: that of the least cost of the multiprocessor with the most tiles; of equal ones the largest.
   *
   * @param kind not one in front of a norm: those consist of two ops
   */
  Tile tile(ProductShape.Kind kind, long rows, int outputs) {
    return best(tiles(kind), kind.label(), rows, outputs);
  }

  /**
   * The shape of a kernel for products of codes of F8_E4M3, chosen in the same way.
   *
   * @param kind what becomes of the sums, as in the kernels' names: {@code gelu_e4m3}
   */
  Tile codeTile(String kind, long rows, int outputs) {
    return best(codeTiles.getOrDefault(kind, List.of()), kind, rows, outputs);
  }

  private Tile best(List<Tile> from, String kind, long rows, int outputs) {
    return from.stream()
        .min(Comparator.comparingLong(tile -> Math.ceilDiv(tile.count(rows, outputs), multiprocessors) * tile.cost()))
        .orElseThrow(() -> new IllegalStateException("this build has no kernel gemm_..." + kind));
  }
}
