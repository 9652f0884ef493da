package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import org.conceptclip.util.OneLine;

/**
 * Scores on stdout, as soon as those of an image are known: a table, or with {@code --json} one object an image and concept, {@code
 * {"image", "concept", "score"}}.
 */
final class ConceptResults {
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
  private static final int LONGEST_NAME = 4096;

  private final Results out;
  private final List<String> concepts;
  private final boolean json;
  private int imageWidth = "image".length();
  private int conceptWidth = "concept".length();
  private boolean hasHeader;

  ConceptResults(Results out, List<String> concepts, boolean json) {
    this.out = out;
    this.concepts = concepts;
    this.json = json;
    concepts.forEach(concept -> conceptWidth = Math.max(conceptWidth, Cells.width(cut(concept))));
  }

  /** Tells the name of an image before its result comes: columns are as wide as what is known by then. */
  void expect(String image) {
    imageWidth = Math.max(imageWidth, Cells.width(Cells.path(image)));
  }

  /** @param scores in the order of the concepts */
  void add(String image, double[] scores) {
    if (!json && !hasHeader) {
      hasHeader = true;
      line("image", "concept", "  score");
    }
    String name = json ? image : Cells.path(image);
    for (int c = 0; c < scores.length; c++) {
      if (json) {
        JsonObject object = new JsonObject();
        object.addProperty("image", image);
        object.addProperty("concept", concepts.get(c));
        object.addProperty("score", scores[c]);
        out.line(GSON.toJson(object));
      } else {
        line(name, cut(concepts.get(c)), String.format(Locale.ROOT, "%7.4f", scores[c]));
        name = "";
      }
    }
    out.flush();
  }

  private void line(String image, String concept, String score) {
    out.line(Cells.padded(image, imageWidth) + "  " + Cells.padded(concept, conceptWidth) + "  " + score);
  }

  private static String cut(String concept) {
    return Cells.name(OneLine.of(concept, LONGEST_NAME));
  }
}
