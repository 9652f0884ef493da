package org.conceptclip.explain;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.explain.Overlay.Range;
import org.conceptclip.report.Markup;
import org.conceptclip.report.Page;
import org.conceptclip.util.OneLine;

/** A page of overlays, pictures by concepts. It links to the files beside it, and to nothing else. */
public final class ContactSheet {
  /** Most pictures on a page: a browser shows no more with ease. */
  public static final int MOST_ROWS = 500;

  /** The small copy of a picture beside its overlays; no concept's file has this ending. */
  public static final String ORIGINAL = "original.jpg";

  /** Taller pictures are shown to this many times their width. */
  private static final double TALLEST = 2;
  private static final int LONGEST_NAME = 400;
  private static final int STOPS = 10;

  private ContactSheet() {}

  /** What the colours of different maps have in common. */
  public enum Scale {
    /** Nothing: each map has its own range. */
    IMAGE("each map has a range of its own, so colours of two maps cannot be compared"),
    /** Maps of one concept share a range. */
    CONCEPT("all maps of a concept share one range, so colours can be compared down a column"),
    /** All maps share a range. */
    ALL("all maps share one range, so all colours can be compared");

    private final String description;

    Scale(String description) {
      this.description = description;
    }

    /** What may be compared, in words for people. */
    public String description() {
      return description;
    }
  }

  /**
   * A picture's row.
   *
   * @param image its name, as it was given
   * @param folder of its files, beside the page
   * @param width columns of the picture in its overlays
   * @param height rows of it
   * @param scores in the order of the concepts
   * @param ranges of the colour bars, in the order of the concepts
   */
  public record Row(String image, String folder, int width, int height, double[] scores, List<Range> ranges) {}

  /**
   * What stands above the table.
   *
   * @param model its name
   * @param facts further names and values: how scores were computed, what was left out
   * @param notices lines that readers must see, such as what the model was trained on
   */
  public record Head(String model, List<Map.Entry<String, String>> facts, List<String> notices) {}

  /**
   * The whole page.
   *
   * @param concepts in the order of the columns
   * @param files names of the concepts' files without an ending, in the same order
   * @param rows the first {@link #MOST_ROWS} are shown
   */
  public static String html(Head head, Scale scale, List<String> concepts, List<String> files, List<Row> rows) {
    Page page = Page.titled("Concepts").notice("Where " + head.model() + " sees each concept. " + Page.FOR_RESEARCH);
    head.notices().forEach(page::notice);
    page.facts(head.facts());
    page.figure("From the least to the most similar patch; " + scale.description(), bar(scale == Scale.ALL && !rows.isEmpty()
        ? rows.getFirst().ranges().getFirst() : null));
    if (rows.size() > MOST_ROWS) {
      page.notice("The first " + MOST_ROWS + " of " + rows.size() + " images; scores.csv has all.");
    }
    Markup out = page.markup();
    out.open("div", "class", "wide").open("table", "class", "sheet").open("thead").open("tr").leaf("th", "image", "scope", "col");
    for (int c = 0; c < concepts.size(); c++) {
      out.open("th", "scope", "col").leaf("span", shown(concepts.get(c)));
      if (scale == Scale.CONCEPT && !rows.isEmpty()) {
        out.leaf("small", range(rows.getFirst().ranges().get(c)));
      }
      out.close();
    }
    out.close().close().open("tbody");
    rows.stream().limit(MOST_ROWS).forEach(row -> row(out, scale, concepts, files, row));
    out.close().close().close();
    return page.whole();
  }

  private static void row(Markup out, Scale scale, List<String> concepts, List<String> files, Row row) {
    String name = shown(row.image());
    out.open("tr").open("th", "scope", "row");
    picture(out, row, row.folder() + "/" + ORIGINAL, row.width(), name);
    out.leaf("span", name, "class", "name").close();
    for (int c = 0; c < concepts.size(); c++) {
      String score = Overlay.number(row.scores()[c]);
      String alt = shown(concepts.get(c)) + " in " + name + ": score " + score + ", cosines " + range(row.ranges().get(c));
      out.open("td");
      picture(out, row, row.folder() + "/" + files.get(c) + ".png", Overlay.width(row.width()), alt);
      out.leaf("span", score, "class", "score");
      if (scale == Scale.IMAGE) {
        out.leaf("small", range(row.ranges().get(c)));
      }
      out.close();
    }
    out.close();
  }

  /** The picture of a file without the strip below it, as a link to the whole of it. */
  private static void picture(Markup out, Row row, String file, int fileColumns, String alt) {
    double height = Math.min(row.height(), TALLEST * row.width());
    out.open("a", "class", "crop", "href", address(file), "style", "aspect-ratio: " + row.width() + " / " + Math.round(Math.max(1, height)))
        .empty("img", "src", address(file), "alt", alt, "loading", "lazy", "style",
            "width: " + Markup.number(100.0 * fileColumns / row.width()) + "%")
        .close();
  }

  /** The colour bar; with the numbers of its ends if all maps have them. */
  private static Markup bar(Range rangeOrNull) {
    int width = 320;
    Markup svg = Markup.svg(width, 34, "Colours from low to high");
    svg.open("defs").open("linearGradient", "id", "colours");
    for (int i = 0; i <= STOPS; i++) {
      svg.empty("stop", "offset", String.format(Locale.ROOT, "%.2f", (double) i / STOPS), "stop-color",
          String.format(Locale.ROOT, "#%06x", ColourMap.rgb((double) i / STOPS)));
    }
    svg.close().close().empty("rect", "x", 0.0, "y", 0.0, "width", (double) width, "height", 12.0, "fill", "url(#colours)");
    svg.label("tick", 0, 28, "start", rangeOrNull == null ? "low" : Overlay.number(rangeOrNull.low()));
    svg.label("tick", width, 28, "end", rangeOrNull == null ? "high" : Overlay.number(rangeOrNull.high()));
    if (rangeOrNull != null) {
      svg.label("tick", width / 2.0, 28, "middle", Overlay.number((rangeOrNull.low() + rangeOrNull.high()) / 2.0));
    }
    return new Markup().open("div", "class", "legend").add(svg.close()).close();
  }

  private static String range(Range range) {
    return Overlay.number(range.low()) + " to " + Overlay.number(range.high());
  }

  private static String shown(String name) {
    return OneLine.of(name, LONGEST_NAME);
  }

  /** A relative address: what is not safe in one is escaped byte by byte (RFC 3986). */
  public static String address(String file) {
    StringBuilder address = new StringBuilder();
    for (byte each : file.getBytes(StandardCharsets.UTF_8)) {
      char letter = (char) (each & 0xFF);
      boolean safe = letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' || letter >= '0' && letter <= '9'
          || "-._~/".indexOf(letter) >= 0;
      address.append(safe ? String.valueOf(letter) : String.format(Locale.ROOT, "%%%02X", each & 0xFF));
    }
    return address.toString();
  }
}
