package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.conceptclip.Embedding;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.explain.ContactSheet;
import org.conceptclip.explain.Overlay;
import org.conceptclip.explain.PatchMap;
import org.conceptclip.explain.Thumbnail;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.RgbImage;
import org.conceptclip.probe.Bottleneck;
import org.conceptclip.probe.BottleneckLayer;
import org.conceptclip.probe.BottleneckPage;
import org.conceptclip.util.ArgMax;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.Parallel;

/** Explains images one by one: prints what leads, paints heatmaps, and in the end writes the table and the page. Not thread-safe. */
final class BottleneckExplanations {
  static final String TABLE = "contributions.csv";
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
  private static final int LONGEST_NAME = 4096;

  private final Results out;
  private final Bottleneck bottleneck;
  private final ConceptFolder folder;
  private final Optional<Overlay> overlay;
  private final ShownPictures shown;
  private final int top;
  private final boolean json;
  private final List<BottleneckPage.Explained> all = new ArrayList<>();

  /** @param overlay paints heatmaps; empty where there are no pictures */
  BottleneckExplanations(Results out, Bottleneck bottleneck, ConceptFolder folder, Optional<Overlay> overlay, DecodeLimits limits, int top,
      boolean json) {
    this.out = out;
    this.bottleneck = bottleneck;
    this.folder = folder;
    this.overlay = overlay;
    this.shown = new ShownPictures(limits);
    this.top = top;
    this.json = json;
    // The table's own name, which no picture's folder may take.
    folder.next(TABLE + ".png");
  }

  /**
   * A decision.
   *
   * @param z similarities in standard deviations from their means
   * @param best the class that was taken
   * @param leading the concepts that lead to it
   */
  private record Decision(double[] similarities, double[] z, double[] probabilities, int best, List<BottleneckLayer.Term> leading) {}

  private Decision decision(double[] similarities) {
    BottleneckLayer layer = bottleneck.layer();
    double[] z = layer.standardised(similarities);
    double[] probabilities = layer.probabilitiesOfStandardised(z);
    int best = ArgMax.of(probabilities);
    List<BottleneckLayer.Term> terms = layer.leading(best, z);
    return new Decision(similarities, z, probabilities, best, terms.subList(0, Math.min(top, terms.size())));
  }

  /** Adds an item without a picture. */
  void add(String name, double[] similarities) {
    all.add(new BottleneckPage.Explained(name, similarities, null));
    print(name, decision(similarities));
  }

  /** Adds an image. */
  void add(ImageInput input, Embedding image) {
    String place = folder.next(input.name());
    Decision decision = decision(bottleneck.similarity().of(input.name(), image, bottleneck.vectors().orElseThrow()));
    RgbImage picture = shown.of(input);
    folder.make(place);
    folder.original(place, Thumbnail.jpeg(picture));
    Map<Integer, String> overlays = new LinkedHashMap<>();
    if (bottleneck.similarity().usesPatches()) {
      paint(place, picture, image, decision.leading, overlays);
    }
    all.add(new BottleneckPage.Explained(input.name(), decision.similarities, new BottleneckPage.Picture(
        place + "/" + ContactSheet.ORIGINAL, picture.width(), picture.height(), Overlay.width(picture.width()), overlays)));
    print(input.name(), decision);
  }

  private void paint(
      String place, RgbImage picture, Embedding image, List<BottleneckLayer.Term> terms, Map<Integer, String> overlays) {
    float[][] vectors = bottleneck.vectors().orElseThrow();
    List<PatchMap> maps = PatchMap.of(image, terms.stream().map(term -> vectors[term.index()]).toArray(float[][]::new));
    Parallel.map(terms.size(), i -> {
      Overlay.Range range = Overlay.Range.of(maps.get(i));
      folder.overlay(place, terms.get(i).index(), overlay.orElseThrow().png(picture, maps.get(i), range, terms.get(i).concept()));
      return i;
    });
    terms.forEach(term -> overlays.put(term.index(), place + "/" + folder.files().get(term.index()) + ".png"));
  }

  private void print(String name, Decision decision) {
    if (json) {
      out.line(GSON.toJson(object(name, decision)));
    } else {
      out.line(OneLine.of(name, LONGEST_NAME) + ": " + OneLine.of(bottleneck.layer().classes().get(decision.best), Cells.WIDEST)
          + String.format(Locale.ROOT, ", %.1f %%", 100 * decision.probabilities[decision.best]));
      for (BottleneckLayer.Term term : decision.leading) {
        double z = decision.z[term.index()];
        out.line(String.format(Locale.ROOT, "  %+7.2f  %s (similarity %.3f, %+.2f deviations, weight %+.2f)", term.weight() * z,
            OneLine.of(term.concept(), Cells.WIDEST), decision.similarities[term.index()], z, term.weight()));
      }
    }
    out.flush();
  }

  private Map<String, Object> object(String name, Decision decision) {
    List<String> classes = bottleneck.layer().classes();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("image", name);
    object.put("label", classes.get(decision.best));
    Map<String, Double> byClass = new LinkedHashMap<>();
    for (int k = 0; k < classes.size(); k++) {
      byClass.put(classes.get(k), decision.probabilities[k]);
    }
    object.put("probabilities", byClass);
    List<Object> terms = new ArrayList<>();
    for (BottleneckLayer.Term term : decision.leading) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("concept", term.concept());
      one.put("similarity", decision.similarities[term.index()]);
      one.put("deviations", decision.z[term.index()]);
      one.put("weight", term.weight());
      one.put("contribution", term.weight() * decision.z[term.index()]);
      terms.add(one);
    }
    object.put("contributions", terms);
    return object;
  }

  /** Writes the table and the page. */
  void finish(List<String> notices) {
    folder.text(TABLE, table());
    folder.text(ConceptFolder.PAGE, BottleneckPage.html(bottleneck, all, top, notices));
  }

  /** Every concept with a weight, for every class of every image. */
  private String table() {
    StringWriter text = new StringWriter();
    BottleneckLayer layer = bottleneck.layer();
    try (CsvWriter csv = CsvWriter.builder().build(text)) {
      csv.writeRecord("image", "class", "concept", "similarity", "weight", "contribution");
      for (BottleneckPage.Explained one : all) {
        double[] z = layer.standardised(one.similarities());
        for (int k = 0; k < layer.classes().size(); k++) {
          for (BottleneckLayer.Term term : layer.leading(k, z)) {
            csv.writeRecord(one.image(), layer.classes().get(k), term.concept(), Double.toString(one.similarities()[term.index()]),
                Double.toString(term.weight()), Double.toString(term.weight() * z[term.index()]));
          }
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("a table in memory cannot be written", e);
    }
    return text.toString();
  }
}
