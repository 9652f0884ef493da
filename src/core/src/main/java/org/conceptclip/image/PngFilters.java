package org.conceptclip.image;

/** The five scan-line filters of PNG (ISO/IEC 15948, section 9). */
final class PngFilters {
  private PngFilters() {}

  /**
   * Turns filtered bytes into samples, in place.
   *
   * @param row the filter's number, then the filtered bytes up to {@code end}
   * @param above the row above with samples at the same places; zeros for the first row
   * @param step bytes of one pixel, at least 1
   * @return false if there is no such filter
   */
  static boolean undo(byte[] row, byte[] above, int end, int step) {
    int second = Math.min(1 + step, end);
    switch (row[0]) {
      case 0 -> { }
      case 1 -> {
        for (int i = second; i < end; i++) {
          row[i] += row[i - step];
        }
      }
      case 2 -> {
        for (int i = 1; i < end; i++) {
          row[i] += above[i];
        }
      }
      case 3 -> {
        for (int i = 1; i < second; i++) {
          row[i] += (byte) ((above[i] & 0xff) >> 1);
        }
        for (int i = second; i < end; i++) {
          row[i] += (byte) ((row[i - step] & 0xff) + (above[i] & 0xff) >> 1);
        }
      }
      case 4 -> undoPaeth(row, above, second, end, step);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void undoPaeth(byte[] row, byte[] above, int second, int end, int step) {
    for (int i = 1; i < second; i++) {
      row[i] += above[i];
    }
    for (int i = second; i < end; i++) {
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
