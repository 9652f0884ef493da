package org.conceptclip.evaluate;

import java.util.List;

/**
 * How well images find their texts, and texts their images.
 *
 * @param imageToText queries are images
 * @param textToImage queries are texts
 */
public record RetrievalReport(Direction imageToText, Direction textToImage) {
  /** The ranks k of {@link Recall} that are reported where nobody asks for others. */
  public static final List<Integer> RANKS = List.of(1, 5, 10, 50, 200);

  /**
   * Queries in one direction.
   *
   * @param queries their number
   * @param gallery number of what is searched
   * @param recall one for each k that was asked for, in that order
   * @param medianRank counted from 1: floor(median) + 1 of ranks counted from 0; of an even number of queries, the lower of the two in the
   *     middle, as {@code torch.median} has it
   * @param meanRank counted from 1
   * @param ranks the rank of each query, counted from 1 [queries]. Shared, not copied: callers must not change it
   */
  public record Direction(int queries, int gallery, List<Recall> recall, Interval medianRank, Interval meanRank, int[] ranks) {}

  /** @param value share of the queries whose partner is among the first k; 1 where k is at least the size of the gallery */
  public record Recall(int k, Interval value) {}
}
