package org.conceptclip.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The work of every contestant in a round. Inputs are generated from the workload alone, so they are the same in every process.
 *
 * <p>As a protocol line for peers: {@code vision 4}, or {@code text 24,13,8}.
 */
public sealed interface Workload {
  /** Images or texts of a run. */
  int items();

  /** Unit of speeds. */
  default String unit() {
    return this instanceof Vision ? "images/s" : "texts/s";
  }

  /** Short name for tables. */
  String label();

  /** What {@link #parse} reads. */
  String line();

  /** Images through the vision tower, to pooled features. */
  record Vision(int batch) implements Workload {
    @Override
    public int items() {
      return batch;
    }

    @Override
    public String label() {
      return "vision, batch " + batch;
    }

    @Override
    public String line() {
      return "vision " + batch;
    }

    /** Noise as decoded images have it: RGB bytes [batch, size, size, 3]. */
    public byte[] bytes(int size) {
      byte[] bytes = new byte[batch * size * size * 3];
      new Random(batch).nextBytes(bytes);
      return bytes;
    }

    /** The same images normalised, [batch, 3, size, size] in [-1, 1]. */
    public float[] pixels(int size) {
      byte[] bytes = bytes(size);
      float[] values = new float[bytes.length];
      int plane = size * size;
      for (int image = 0; image < batch; image++) {
        for (int i = 0; i < 3 * plane; i++) {
          values[3 * plane * image + i % 3 * plane + i / 3] = Byte.toUnsignedInt(bytes[3 * plane * image + i]) / 127.5f - 1;
        }
      }
      return values;
    }
  }

  /** Texts of these token counts through the text tower, to pooled features. */
  record Texts(int... lengths) implements Workload {
    /** Texts of 8 to {@code longest} tokens, evenly spread, in shuffled order. */
    public static Texts mixed(int count, int longest) {
      return new Texts(shuffled(IntStream.range(0, count).map(i -> 8 + (i * (longest - 8)) / Math.max(1, count - 1)).toArray()));
    }

    /** The lengths in an order that depends on their number alone. */
    public static int[] shuffled(int... lengths) {
      List<Integer> shuffled = new ArrayList<>(Arrays.stream(lengths).boxed().toList());
      Collections.shuffle(shuffled, new Random(lengths.length));
      return shuffled.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public int items() {
      return lengths.length;
    }

    @Override
    public String label() {
      int shortest = Arrays.stream(lengths).min().orElseThrow();
      int longest = longest();
      String range = shortest == longest ? "" + longest : shortest + "-" + longest;
      return lengths.length + (lengths.length == 1 ? " text of " : " texts of ") + range + " tokens";
    }

    @Override
    public String line() {
      return "text " + Arrays.stream(lengths).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    /** Tokens of the longest text: what peers pad to. */
    public int longest() {
      return Arrays.stream(lengths).max().orElseThrow();
    }

    /** Token ids of text {@code index}: [CLS], ordinary tokens, [SEP]. */
    private int[] ids(int index, int vocabulary) {
      int[] ids = new Random(index).ints(lengths[index], 5, vocabulary).toArray();
      ids[0] = 2;
      ids[ids.length - 1] = 3;
      return ids;
    }

    /** Token ids of every text. */
    public List<int[]> ids(int vocabulary) {
      return IntStream.range(0, items()).mapToObj(index -> ids(index, vocabulary)).toList();
    }

    /** All texts padded with 0 to the longest, row-major [texts, longest]. */
    public long[] padded(int vocabulary) {
      long[] all = new long[lengths.length * longest()];
      for (int t = 0; t < lengths.length; t++) {
        int[] ids = ids(t, vocabulary);
        for (int p = 0; p < ids.length; p++) {
          all[t * longest() + p] = ids[p];
        }
      }
      return all;
    }
  }

  /** The workload of a protocol line. */
  static Workload parse(String line) {
    String[] words = line.trim().split(" ");
    if (words.length == 2 && words[0].equals("vision")) {
      return new Vision(Integer.parseInt(words[1]));
    }
    if (words.length == 2 && words[0].equals("text")) {
      return new Texts(Arrays.stream(words[1].split(",")).mapToInt(Integer::parseInt).toArray());
    }
    throw new IllegalArgumentException("not a workload: " + line);
  }
}
