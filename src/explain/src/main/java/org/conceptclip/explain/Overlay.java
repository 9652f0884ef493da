package org.conceptclip.explain;

import java.util.List;
import java.util.Locale;
import org.conceptclip.image.RgbImage;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.report.Page;

/**
 * Paints a patch map over its picture: the picture in grey with the colours of {@link ColourMap} on it, at the picture's own size in the
 * upper left corner, and below it a strip with the concept, the colour bar with its numbers, the model, and what it is not for.
 *
 * <p>Immutable; serves all threads.
 *
 * @param geometry how the model divides its square into patches
 * @param interpolation how values between patches are computed
 * @param opacity of the colours, 0 (the picture alone) to 1 (the map alone)
 * @param model the model's name, as people shall read it
 */
public record Overlay(PatchGeometry geometry, Interpolation interpolation, double opacity, String model) {
  /** The longest side of a picture to paint on. A larger one is to be reduced first: a map of 27 x 27 values gains nothing beyond. */
  public static final int LONGEST_SIDE = 2048;

  /** The opacity at which both the picture and the colours can be read, on drawings of all modalities. */
  public static final double DEFAULT_OPACITY = 0.55;

  /** Columns below which the strip would be too narrow for its words; a narrower picture has paper to its right. */
  static final int NARROWEST = 160;

  private static final int PAPER = 0xFDFDFC;
  private static final int INK = 0x1D2329;
  private static final int SOFT = 0x5C6670;
  private static final int CHANNELS = 3;
  private static final int CONCEPT_LINES = 3;
  private static final int MODEL_LINES = 4;

  public Overlay {
    if (!(opacity >= 0 && opacity <= 1)) {
      throw new IllegalArgumentException("opacity is " + opacity + ", expected 0 to 1");
    }
  }

  /** The values at the ends of the colour bar: numbers in their order, or the constructor fails. */
  public record Range(float low, float high) {
    public Range {
      if (!(low <= high && Float.isFinite(low) && Float.isFinite(high))) {
        throw new IllegalArgumentException("range from " + low + " to " + high);
      }
    }

    /** The map's own range. */
    public static Range of(PatchMap map) {
      return new Range(map.low(), map.high());
    }

    /** The smallest range that holds both. */
    public Range with(Range other) {
      return new Range(Math.min(low, other.low), Math.max(high, other.high));
    }

    /** Where a value lies: 0 at the low end, 1 at the high one. All values of a range without extent lie at 0. */
    double share(float value) {
      return high == low ? 0 : ((double) value - low) / ((double) high - low);
    }
  }

  /** A number of the bar, for people. */
  static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /** Columns of the overlay of a picture. */
  public static int width(int pictureWidth) {
    return Math.max(NARROWEST, pictureWidth);
  }

  /**
   * The overlay as a PNG file with an sRGB chunk and a text {@code Description} (concept, model, range, notice).
   *
   * @param picture at most {@link #LONGEST_SIDE} pixels wide and high, as its model saw it (orientation of files not applied)
   * @param range the values of the ends of the bar; values beyond have the colours of the ends
   */
  public byte[] png(RgbImage picture, PatchMap map, Range range, String concept) {
    int width = width(picture.width());
    int size = Math.clamp(width / 220, 1, 4);
    int margin = 4 * size;
    int room = width - 2 * margin;
    int titleSize = size + 1;
    List<String> title = Canvas.lines(concept, (room + titleSize) / (Glyphs.ADVANCE * titleSize), CONCEPT_LINES);
    List<String> foot = Canvas.lines(model + ". " + Page.FOR_RESEARCH, (room + size) / (Glyphs.ADVANCE * size), MODEL_LINES);
    int bar = 8 * size;
    int strip = 2 * margin + title.size() * line(titleSize) + (1 + foot.size()) * line(size) + bar + 5 * size;
    Canvas canvas = new Canvas(width, Math.addExact(picture.height(), strip), PAPER);
    paint(canvas, picture, map, range);
    int y = write(canvas, title, margin, picture.height() + margin, titleSize, INK);
    bar(canvas, margin, y, room, bar);
    y += bar + 2 * size;
    numbers(canvas, margin, y, size, range);
    write(canvas, foot, margin, y + line(size) + 3 * size, size, SOFT);
    return PngFile.of(width, canvas.height(), canvas.rgb(), "Similarity (cosine) of the patches with: " + concept + ". Model: " + model
        + ". Range: " + number(range.low()) + " to " + number(range.high()) + ". " + Page.FOR_RESEARCH);
  }

  private void paint(Canvas canvas, RgbImage picture, PatchMap map, Range range) {
    Upsampling values = new Upsampling(map, geometry, interpolation, picture.width(), picture.height());
    float[] row = new float[picture.width()];
    byte[] pixels = picture.pixels();
    for (int y = 0, at = 0; y < picture.height(); y++) {
      values.row(y, row);
      for (int x = 0; x < row.length; x++, at += CHANNELS) {
        int grey = grey(pixels[at] & 0xFF, pixels[at + 1] & 0xFF, pixels[at + 2] & 0xFF);
        canvas.set(x, y, mixed(grey, ColourMap.rgb(range.share(row[x]))));
      }
    }
  }

  /** Luma of ITU-R BT.601, as Pillow's conversion to grey has it: with the picture's own hues, those of the map could not be told. */
  private static int grey(int red, int green, int blue) {
    return (299 * red + 587 * green + 114 * blue + 500) / 1000;
  }

  private int mixed(int grey, int colour) {
    return mixedChannel(grey, colour >> 16 & 0xFF) << 16 | mixedChannel(grey, colour >> 8 & 0xFF) << 8 | mixedChannel(grey, colour & 0xFF);
  }

  private int mixedChannel(int grey, int channel) {
    return (int) Math.round((1 - opacity) * grey + opacity * channel);
  }

  private static int write(Canvas canvas, List<String> lines, int left, int top, int size, int colour) {
    int y = top;
    for (String each : lines) {
      canvas.text(left, y, size, colour, each);
      y += line(size);
    }
    return y;
  }

  private static int line(int size) {
    return (Glyphs.HEIGHT + 2) * size;
  }

  private static void bar(Canvas canvas, int left, int top, int width, int height) {
    for (int x = 0; x < width; x++) {
      canvas.fill(left + x, top, 1, height, ColourMap.rgb(width == 1 ? 0 : (double) x / (width - 1)));
    }
  }

  /** The numbers of both ends and, where there is room, of the middle. */
  private static void numbers(Canvas canvas, int margin, int top, int size, Range range) {
    String low = number(range.low());
    String middle = number((range.low() + range.high()) / 2.0);
    String high = number(range.high());
    int right = canvas.width() - margin;
    canvas.text(margin, top, size, INK, low);
    canvas.text((canvas.width() - Canvas.textWidth(size, middle)) / 2, top, size, INK, middle);
    canvas.text(right - Canvas.textWidth(size, high), top, size, INK, high);
  }
}
