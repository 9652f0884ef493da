package org.conceptclip.backend.cuda;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.Sequences;

/**
 * What is measured.
 *
 * @param model whose product shapes
 * @param imageBatches images of a pass, one or more numbers
 * @param textRows tokens of a pass of texts, one or more numbers
 * @param budget after which no measurement is begun
 */
public record TuningPlan(ModelConfig model, List<Integer> imageBatches, List<Integer> textRows, Duration budget) {
  /** The largest number of rows that is measured: some 1400 images of the published model. */
  private static final long MOST_ROWS = 1 << 20;

  /** What a bucket of short texts holds, for products of a row a text. */
  private static final int TOKENS_OF_A_TEXT = 32;

  /** Lengths of the texts that attention is measured with. */
  private static final int SHORTEST_TEXT = 8;
  private static final int LONGEST_TEXT = 77;
  private static final int LENGTH_STEP = 23;

  /** Something at a number of rows. */
  sealed interface Item {
    TuningTable.Subject subject();

    int rows();

    /** By their labels, the measure of the others first. */
    List<String> engines();

    /** Items of equal operands have the same first rows, and so the same results there. */
    default Object operands() {
      return subject();
    }
  }

  /** A product. */
  record Product(ProductShape shape, int rows) implements Item {
    @Override
    public TuningTable.Subject subject() {
      return new TuningTable.Subject(TuningTable.PRODUCT, shape.toString());
    }

    @Override
    public List<String> engines() {
      return shape.engines().stream().map(ProductEngine::label).toList();
    }

    @Override
    public String toString() {
      return shape + ", " + rows + " rows";
    }
  }

  /** Attention over sequences. */
  record Attention(AttentionChoice.Kind kind, Sequences sequences) implements Item {
    @Override
    public TuningTable.Subject subject() {
      return new TuningTable.Subject(TuningTable.ATTENTION, kind.toString());
    }

    @Override
    public int rows() {
      return sequences.totalRows();
    }

    @Override
    public List<String> engines() {
      return kind.engines();
    }

    @Override
    public Object operands() {
      return List.of(kind, sequences.rows(0));
    }

    @Override
    public String toString() {
      return "attention, " + kind + ", " + rows() + " rows";
    }
  }

  public TuningPlan {
    imageBatches = checked("image batches", imageBatches, model.vision().tokens());
    textRows = checked("text rows", textRows, 1);
    if (budget.isNegative() || budget.isZero()) {
      throw new IllegalArgumentException("a budget of " + budget + ", expected more than nothing");
    }
  }

  /** The published model: 1, 8 and 64 images, 4096 tokens of texts. */
  public static TuningPlan standard(Duration budget) {
    return new TuningPlan(ModelConfig.conceptClip("published"), List.of(1, 8, 64), List.of(4096), budget);
  }

  private static List<Integer> checked(String name, List<Integer> values, int rowsOfOne) {
    List<Integer> sorted = values.stream().distinct().sorted().toList();
    if (sorted.isEmpty() || sorted.getFirst() < 1 || (long) sorted.getLast() * rowsOfOne > MOST_ROWS) {
      throw new IllegalArgumentException(name + " of " + values + ", expected one or more numbers from 1 to " + MOST_ROWS / rowsOfOne);
    }
    return sorted;
  }

  /**
   * All of it, the largest numbers of rows of each shape first: what is left out for lack of time weighs least.
   *
   * @param attention whether there are several engines of attention
   */
  List<Item> items(boolean attention) {
    List<Item> items = new ArrayList<>();
    if (attention) {
      addAttention(items);
    }
    int tiers = Math.max(imageBatches.size(), textRows.size());
    for (int tier = 1; tier <= tiers; tier++) {
      if (tier <= imageBatches.size()) {
        int images = imageBatches.get(imageBatches.size() - tier);
        addVision(items, images * model.vision().tokens(), images);
      }
      if (tier <= textRows.size()) {
        int rows = textRows.get(textRows.size() - tier);
        addText(items, rows, Math.ceilDiv(rows, TOKENS_OF_A_TEXT));
      }
    }
    return items;
  }

  private void addAttention(List<Item> items) {
    VisionConfig v = model.vision();
    TextConfig t = model.text();
    for (int images : imageBatches.reversed()) {
      items.add(new Attention(new AttentionChoice.Kind(v.heads(), v.width() / v.heads()), Sequences.uniform(images, v.tokens())));
    }
    for (int rows : textRows.reversed()) {
      items.add(new Attention(new AttentionChoice.Kind(t.heads(), t.width() / t.heads()), texts(rows)));
    }
  }

  /** Texts of lengths from a short to a long one, of so many tokens together, or one. */
  private static Sequences texts(int rows) {
    List<Integer> lengths = new ArrayList<>();
    int length = SHORTEST_TEXT;
    for (int sum = length; lengths.isEmpty() || sum <= rows; sum += length) {
      lengths.add(length);
      length = length + LENGTH_STEP > LONGEST_TEXT ? SHORTEST_TEXT : length + LENGTH_STEP;
    }
    return Sequences.packed(lengths.stream().mapToInt(Integer::intValue).toArray());
  }

  private void addVision(List<Item> items, int rows, int images) {
    VisionConfig v = model.vision();
    int width = v.width();
    add(items, rows, ProductShape.Kind.BIAS_F16, width, 3 * width, true);
    for (ProductShape.Kind kind : List.of(ProductShape.Kind.NORM_F32, ProductShape.Kind.NORM_F16)) {
      add(items, rows, kind, width, width, true);
      add(items, rows, kind, v.mlpHidden(), width, true);
    }
    add(items, rows, ProductShape.Kind.GELU_F16, width, v.mlpHidden(), true);
    add(items, rows, ProductShape.Kind.BIAS_F16, width, 2 * width, true);
    addHead(items, rows, width);
    add(items, images, ProductShape.Kind.BIAS_F32, width, width, true);
    add(items, images, ProductShape.Kind.GELU_F16, width, v.poolMlpHidden(), true);
    add(items, images, ProductShape.Kind.ADD_F32, v.poolMlpHidden(), width, true);
  }

  private void addText(List<Item> items, int rows, int texts) {
    TextConfig t = model.text();
    int width = t.width();
    add(items, rows, ProductShape.Kind.BIAS_F16, width, 3 * width, true);
    add(items, rows, ProductShape.Kind.BIAS_F16, width, width, true);
    add(items, rows, ProductShape.Kind.GELU_F16, width, t.mlpHidden(), true);
    add(items, rows, ProductShape.Kind.BIAS_F16, t.mlpHidden(), width, true);
    addHead(items, rows, width);
    add(items, texts, ProductShape.Kind.BIAS_F32, width, model.embeddingWidth(), false);
  }

  private void addHead(List<Item> items, int rows, int width) {
    add(items, rows, ProductShape.Kind.GELU_F16, width, model.embeddingWidth(), false);
    add(items, rows, ProductShape.Kind.BIAS_F16, model.embeddingWidth(), model.embeddingWidth(), false);
  }

  /** Both towers may have a shape in common. */
  private static void add(List<Item> items, int rows, ProductShape.Kind kind, int inputs, int outputs, boolean bias) {
    Item item = new Product(new ProductShape(kind, inputs, outputs, bias), rows);
    if (!items.contains(item)) {
      items.add(item);
    }
  }
}
