package org.conceptclip.bench.throughput;

import java.util.stream.IntStream;
import org.conceptclip.bench.Workload;

/**
 * How long texts are, in tokens with {@code [CLS]} and {@code [SEP]}.
 *
 * <p>The tables were taken from 70 figure captions of biomedical papers (PubMed Central), tokenised with the vocabulary of BERT base
 * uncased, which cuts medical words into more pieces than PubMedBERT's would.
 */
public enum CaptionLengths {
  /** The 70 captions as they are: 40 of them fill a context of 77, so that padding to 77 computes only 1.29 times as many tokens. */
  CAPTIONS("captions",
      10, 12, 13, 16, 17, 18, 19, 21, 25, 26, 27, 28, 28, 29, 30, 31, 31, 35, 37, 38, 43, 48, 48, 50, 60, 65, 68, 71, 72, 76, 80, 81,
      86, 87, 95, 96, 97, 102, 103, 109, 112, 113, 125, 125, 127, 128, 138, 147, 156, 160, 167, 208, 212, 215, 227, 258, 258, 258,
      265, 289, 305, 332, 343, 349, 357, 374, 440, 449, 557, 776),
  /** 64 quantiles of the 345 sentences of these captions: what one panel or finding is described with. */
  SENTENCES("sentences of captions",
      6, 7, 8, 8, 9, 10, 11, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16, 16, 17, 17, 17, 18, 19, 19, 21, 21, 22, 23, 23, 24, 25,
      25, 26, 27, 28, 29, 31, 31, 32, 33, 33, 34, 35, 36, 37, 37, 39, 39, 41, 43, 43, 44, 46, 47, 50, 51, 54, 59, 71, 86, 107, 141);

  private final String label;
  private final int[] table;

  CaptionLengths(String label, int... table) {
    this.label = label;
    this.table = table;
  }

  /** For tables of results. */
  public String label() {
    return label;
  }

  /**
   * Lengths of a number of texts: the table spread over them evenly, in an order that depends on their number alone, cut to the context.
   *
   * @param context longest that the model takes
   */
  public int[] lengths(int texts, int context) {
    return Workload.Texts.shuffled(
        IntStream.range(0, texts).map(i -> Math.min(context, table[(int) ((i + 0.5) * table.length / texts)])).toArray());
  }
}
