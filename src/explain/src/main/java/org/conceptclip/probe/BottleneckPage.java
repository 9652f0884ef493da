package org.conceptclip.probe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.explain.ContactSheet;
import org.conceptclip.report.Markup;
import org.conceptclip.report.Page;
import org.conceptclip.util.ArgMax;

/**
 * The page that explains what a bottleneck says about images: for each image its classes' probabilities, the concepts that led to the most
 * probable one, and sliders to set concepts by hand. It links to the pictures beside it, and to nothing else; without scripts everything is
 * there but the sliders.
 */
public final class BottleneckPage {
  /** Most images on a page: a browser shows no more with ease. */
  public static final int MOST_IMAGES = 200;

  private static final String STYLE = BottleneckTables.STYLE + """
      main:has(.explained) { max-width: 1080px; }
      .explained { border-top: 1px solid var(--rule); margin-top: 32px; display: grid; gap: 0 32px;
        grid-template-columns: 300px minmax(0, 1fr); }
      .explained h2 { grid-column: 1 / -1; margin: 20px 0 12px; overflow-wrap: anywhere; }
      .explained h3 { font-size: 14px; margin: 0 0 6px; } .explained .crop { display: block; overflow: hidden; border-radius: 4px; }
      .explained .crop img { display: block; } .picture { margin-bottom: 16px; max-width: 300px; }
      .live { position: sticky; top: 0; background: var(--paper); padding: 8px 0; z-index: 1; max-height: 92vh; overflow-y: auto; }
      .classes td { padding: 2px 8px 2px 0; border: 0; vertical-align: middle; overflow-wrap: anywhere; line-height: 1.25; }
      .classes .track { width: 96px; } .classes .track span { display: block; height: 10px; border-radius: 2px; }
      .classes .track .whole { background: var(--rule); } .classes .fill { background: var(--c5); }
      .classes .best { font-weight: 600; } .classes .best .fill { background: var(--c0); } .changed .best .fill { background: var(--c1); }
      .leading td { vertical-align: middle; } .leading .crop { width: 96px; }
      .intervention { margin-top: 20px; padding: 12px 16px; border: 1px solid var(--rule); border-radius: 6px; }
      .slider { display: grid; grid-template-columns: minmax(80px, 2fr) minmax(120px, 3fr) 128px; gap: 0 12px; align-items: center;
        font-size: 13px; padding: 3px 0; }
      .slider label { overflow-wrap: anywhere; line-height: 1.25; } .slider input { width: 100%; margin: 0; accent-color: var(--c0); }
      .slider output { font-variant-numeric: tabular-nums; white-space: nowrap; }
      .intervention button { margin-top: 8px; font: inherit; font-size: 13px; padding: 3px 12px; }
      .intervention details { margin-top: 6px; }
      @media (max-width: 760px) {
        .explained { grid-template-columns: minmax(0, 1fr); } .side { display: contents; }
        .live { max-height: 45vh; } .classes .track { width: 40%; }
        .slider { grid-template-columns: 1fr 112px; } .slider label { grid-column: 1 / -1; }
      }
      """;

  private BottleneckPage() {}

  /**
   * An image and what was written about it beside the page.
   *
   * @param image its name, as it was given
   * @param similarities with the concepts [M]
   * @param picture where its pictures are; null if there is none
   */
  public record Explained(String image, double[] similarities, Picture picture) {}

  /**
   * The files of an image.
   *
   * @param original address of the small copy, relative to the page
   * @param width columns of the picture in its overlays
   * @param height rows of it
   * @param fileColumns columns of an overlay's file, which may be wider than the picture
   * @param overlays addresses by concept, for those that have one
   */
  public record Picture(String original, int width, int height, int fileColumns, Map<Integer, String> overlays) {}

  /**
   * The whole page.
   *
   * @param images the first {@link #MOST_IMAGES} are shown
   * @param top number of concepts in an image's table
   * @param notices lines that readers must see, such as what the model was trained on
   */
  public static String html(Bottleneck bottleneck, List<Explained> images, int top, List<String> notices) {
    Page page = Page.titled("Explained by concepts", STYLE)
        .notice("Why a concept bottleneck, with " + bottleneck.model().map(model -> "model " + BottleneckTables.shown(model.name()))
            .orElse("similarities that were given") + ", takes each image for what it says. " + Page.FOR_RESEARCH);
    notices.forEach(page::notice);
    List<Map.Entry<String, String>> facts = new ArrayList<>(BottleneckTables.facts(bottleneck));
    facts.add(Map.entry("explained here", images.size() + (images.size() == 1 ? " image" : " images")));
    page.facts(facts);
    if (images.size() > MOST_IMAGES) {
      page.notice("The first " + MOST_IMAGES + " of " + images.size() + " images; contributions.csv has all.");
    }
    List<Explained> shown = images.subList(0, Math.min(images.size(), MOST_IMAGES));
    for (int i = 0; i < shown.size(); i++) {
      section(page.markup(), bottleneck.layer(), shown.get(i), i, top);
    }
    page.heading("The concepts that decide");
    page.notice("A class's score is its bias plus, for each concept, the weight times how much more than usual the image shows it, in"
        + " standard deviations over the " + bottleneck.training().items() + " training images.");
    BottleneckTables.weights(page, bottleneck.layer());
    List<double[]> similarities = shown.stream().map(Explained::similarities).toList();
    page.markup().data(BottleneckScript.DATA, BottleneckScript.data(bottleneck.layer(), similarities))
        .script(BottleneckScript.CODE);
    return page.whole();
  }

  private static void section(Markup out, BottleneckLayer layer, Explained image, int index, int top) {
    double[] probabilities = layer.probabilities(image.similarities());
    int best = ArgMax.of(probabilities);
    String name = BottleneckTables.shown(image.image());
    out.open("section", "class", "explained", "data-image", index).leaf("h2", name).open("div", "class", "side");
    if (image.picture() != null) {
      out.open("div", "class", "picture");
      picture(out, image.picture(), image.picture().original(), image.picture().width(), name);
      out.close();
    }
    classes(out, layer, probabilities, best);
    out.close().open("div");
    leading(out, layer, image, best, top);
    out.open("div", "class", "intervention", "hidden", "hidden").leaf("h3", "Set concepts by hand")
        .leaf("p", "How much more (right) or less (left) than in the training images a concept is seen, in standard deviations."
            + " The probabilities follow.", "class", "notice").close();
    out.close().close();
  }

  private static void classes(Markup out, BottleneckLayer layer, double[] probabilities, int best) {
    out.open("div", "class", "live").leaf("h3", "Probabilities").open("table", "class", "classes").open("tbody");
    for (int k = 0; k < probabilities.length; k++) {
      out.open("tr", "data-class", k, "class", k == best ? "best" : "other").leaf("td", BottleneckTables.shown(layer.classes().get(k)))
          .open("td", "class", "track").open("span", "class", "whole")
          .leaf("span", "", "class", "fill", "style", String.format(Locale.ROOT, "width: %.2f%%", 100 * probabilities[k])).close().close()
          .leaf("td", BottleneckTables.percent(probabilities[k]), "class", "number share").close();
    }
    out.close().close().close();
  }

  private static void leading(Markup out, BottleneckLayer layer, Explained image, int best, int top) {
    double[] z = layer.standardised(image.similarities());
    List<BottleneckLayer.Term> all = layer.leading(best, z);
    List<BottleneckLayer.Term> terms = all.subList(0, Math.min(top, all.size()));
    out.leaf("h3", terms.isEmpty() ? "No concept has a weight for " + BottleneckTables.shown(layer.classes().get(best))
        : "What decides for or against " + BottleneckTables.shown(layer.classes().get(best)));
    if (terms.isEmpty()) {
      return;
    }
    double largest = Math.abs(terms.getFirst().weight() * z[terms.getFirst().index()]);
    out.open("div", "class", "wide").open("table", "class", "leading").open("thead").open("tr");
    if (image.picture() != null && !image.picture().overlays().isEmpty()) {
      out.leaf("th", "where", "scope", "col");
    }
    out.leaf("th", "concept", "scope", "col").leaf("th", "similarity", "scope", "col", "class", "number")
        .leaf("th", "deviations", "scope", "col", "class", "number").leaf("th", "weight", "scope", "col", "class", "number")
        .leaf("th", "contribution", "scope", "col", "class", "number").leaf("th", "", "scope", "col").close().close().open("tbody");
    for (BottleneckLayer.Term term : terms) {
      term(out, image, term, z[term.index()], largest);
    }
    out.close().close().close();
  }

  private static void term(Markup out, Explained image, BottleneckLayer.Term term, double z, double largest) {
    String concept = BottleneckTables.shown(term.concept());
    double contribution = term.weight() * z;
    out.open("tr");
    if (image.picture() != null && !image.picture().overlays().isEmpty()) {
      out.open("td");
      if (image.picture().overlays().get(term.index()) instanceof String overlay) {
        picture(out, image.picture(), overlay, image.picture().fileColumns(), concept + " in " + BottleneckTables.shown(image.image()));
      }
      out.close();
    }
    out.leaf("td", concept).leaf("td", String.format(Locale.ROOT, "%.3f", image.similarities()[term.index()]), "class", "number")
        .leaf("td", BottleneckTables.signed(z), "class", "number").leaf("td", BottleneckTables.signed(term.weight()), "class", "number")
        .leaf("td", BottleneckTables.signed(contribution), "class", "number")
        .open("td", "class", "signed").add(BottleneckTables.bar(contribution, largest, BottleneckTables.signed(contribution))).close()
        .close();
  }

  /** The picture of a file without the strip below it, as a link to the whole of it. */
  private static void picture(Markup out, Picture picture, String file, int fileColumns, String alt) {
    String address = ContactSheet.address(file);
    out.open("a", "class", "crop", "href", address, "style", "aspect-ratio: " + picture.width() + " / " + Math.max(1,
        Math.min(picture.height(), 2 * picture.width())))
        .empty("img", "src", address, "alt", alt, "loading", "lazy", "style",
            "width: " + Markup.number(100.0 * fileColumns / picture.width()) + "%").close();
  }
}
