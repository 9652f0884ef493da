package org.conceptclip.image;

/** The five scan-line filters of PNG (ISO/IEC 15948, section 9), undone in place. */
final class PngFilters {
  private PngFilters() {}

  /**
   * Turns filtered bytes into samples.
   *
   * @param row the filtered row, overwritten
   * @param above the row above, already undone; zeros for the first
   * @param step bytes of one pixel, at least 1
   * @return false if there is no such filter
   */
  static boolean undo(int filter, byte[] row, byte[] above, int step) {
    switch (filter) {
      case 0 -> { }
      case 1 -> {
        for (int i = step; i < row.length; i++) {
          row[i] += row[i - step];
        }
      }
      case 2 -> {
        for (int i = 0; i < row.length; i++) {
          row[i] += above[i];
        }
      }
      case 3 -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < step ? 0 : row[i - step] & 0xff;
          row[i] += (byte) ((left + (above[i] & 0xff)) >> 1);
        }
      }
      case 4 -> undoPaeth(row, above, step);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void undoPaeth(byte[] row, byte[] above, int step) {
    int head = Math.min(step, row.length);
    for (int i = 0; i < head; i++) {
      row[i] += above[i];
    }
    for (int i = step; i < row.length; i++) {
      int left = row[i - step] & 0xff;
      int up = above[i] & 0xff;
      int corner = above[i - step] & 0xff;
      int toLeft = Math.abs(up - corner);
      int toUp = Math.abs(left - corner);
      int toCorner = Math.abs(left + up - 2 * corner);
      int nearest = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
      row[i] += (byte) nearest;
    }
  }
}
