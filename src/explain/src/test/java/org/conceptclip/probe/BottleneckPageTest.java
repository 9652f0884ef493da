package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import javax.xml.parsers.DocumentBuilderFactory;
import org.conceptclip.util.ArgMax;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The pages: what they say, that nothing in a name becomes markup, and that the script's numbers give the library's probabilities. */
class BottleneckPageTest {
  private static final String ATTACK = "</script><script>alert(1)</script>&\"'<!-- ";
  private static final List<String> CLASSES = List.of("first", ATTACK, "third <img src=x onerror=alert(2)>");
  private static final List<String> CONCEPTS = List.of("one", "two" + ATTACK, "three", "four", "never used");
  private static final double[] IMAGE = {0.03, 0.2, 0.1, 0.4, 0.5};

  private static Bottleneck bottleneck() {
    Bottleneck all = BottleneckFixtures.local(CLASSES, CONCEPTS);
    for (double[] row : all.layer().weights()) {
      row[4] = 0;
    }
    return all;
  }

  private static BottleneckPage.Explained image(String name, BottleneckPage.Picture picture) {
    return new BottleneckPage.Explained(name, IMAGE, picture);
  }

  private static String html() {
    BottleneckPage.Picture picture = new BottleneckPage.Picture("a b/original.jpg", 100, 80, 160, Map.of(0, "a b/one.png"));
    return BottleneckPage.html(bottleneck(), List.of(image("scan.png", picture), image(ATTACK, null)), 2, List.of("Trained on drawings."));
  }

  @Test
  void namesDoNotBecomeMarkup() throws Exception {
    for (String html : List.of(html(), BottleneckReport.html(bottleneck(), Optional.empty(), List.of(ATTACK)))) {
      Document page = parsed(html);
      NodeList scripts = page.getElementsByTagName("script");
      assertEquals(html.contains("section") ? 2 : 0, scripts.getLength(), "scripts of the page's own");
      assertFalse(html.contains("alert(1)</script>"), "an attack as it was written");
      for (int i = 0; i < page.getElementsByTagName("img").getLength(); i++) {
        assertFalse(((Element) page.getElementsByTagName("img").item(i)).hasAttribute("onerror"));
      }
    }
  }

  @Test
  void nothingComesFromANetwork() throws Exception {
    String html = html();
    assertFalse(html.contains("http://www.w3.org/1999") || html.replace("http://www.w3.org/2000/svg", "").contains("http"), "an address");
    NodeList pictures = parsed(html).getElementsByTagName("img");
    assertEquals("a%20b/original.jpg", ((Element) pictures.item(0)).getAttribute("src"));
    assertEquals("a%20b/one.png", ((Element) pictures.item(1)).getAttribute("src"));
    assertEquals(2, pictures.getLength(), "the second image has no pictures");
  }

  @Test
  void theNumbersOfTheScriptGiveTheLibrarysProbabilities() throws Exception {
    JsonObject data = data(html());
    BottleneckLayer layer = bottleneck().layer();
    double[] z = standardised(data, 0);
    assertArrayEquals(layer.probabilities(IMAGE), scriptsProbabilities(data, z), 1e-15);
    // Interventions: one concept after the other is set by hand.
    double[] own = layer.standardised(IMAGE);
    for (int j = 0; j < z.length; j++) {
      z[j] = own[j] = 1.5 - j;
      assertArrayEquals(layer.probabilitiesOfStandardised(own), scriptsProbabilities(data, z), 1e-15);
    }
    assertEquals(4, data.getAsJsonArray("concepts").size(), "concepts without a weight have no slider");
  }

  /** The formula of {@link BottleneckScript}, with the page's numbers. */
  private static double[] scriptsProbabilities(JsonObject data, double[] z) {
    double[] bias = numbers(data.getAsJsonArray("bias"));
    double[] powers = new double[bias.length];
    double sum = 0;
    for (int k = 0; k < bias.length; k++) {
      double[] weights = numbers(data.getAsJsonArray("weights").get(k).getAsJsonArray());
      double score = bias[k];
      for (int j = 0; j < z.length; j++) {
        score += weights[j] * z[j];
      }
      powers[k] = Math.exp(score);
      sum += powers[k];
    }
    double all = sum;
    return Arrays.stream(powers).map(power -> power / all).toArray();
  }

  private static double[] standardised(JsonObject data, int image) {
    double[] similarities = numbers(data.getAsJsonArray("images").get(image).getAsJsonArray());
    double[] means = numbers(data.getAsJsonArray("means"));
    double[] deviations = numbers(data.getAsJsonArray("deviations"));
    return IntStream.range(0, similarities.length).mapToDouble(j -> (similarities[j] - means[j]) / deviations[j]).toArray();
  }

  @Test
  void theFirstSlidersAreThoseOfTheLeadingConcepts() throws Exception {
    JsonObject data = data(html());
    BottleneckLayer layer = bottleneck().layer();
    double[] z = layer.standardised(IMAGE);
    int best = ArgMax.of(layer.probabilities(IMAGE));
    double[] order = numbers(data.getAsJsonArray("orders").get(0).getAsJsonArray());
    int[] used = layer.used();
    List<BottleneckLayer.Term> leading = layer.leading(best, z);
    for (int i = 0; i < leading.size(); i++) {
      assertEquals(leading.get(i).index(), used[(int) order[i]]);
    }
    assertArrayEquals(new double[] {0, 1, 2, 3}, Arrays.stream(order).sorted().toArray());
  }

  @Test
  void everythingButSlidersIsThereWithoutScripts() throws Exception {
    Document page = parsed(html());
    String text = page.getElementsByTagName("main").item(0).getTextContent();
    double[] probabilities = bottleneck().layer().probabilities(IMAGE);
    for (double probability : probabilities) {
      assertTrue(text.contains(BottleneckTables.percent(probability)), () -> BottleneckTables.percent(probability));
    }
    assertTrue(text.contains("For research. Not a medical device.") && text.contains("Trained on drawings.") && text.contains("some model")
        && text.contains("12 images") && text.contains("2 images"), text);
    List<Element> panels = new ArrayList<>();
    NodeList divs = page.getElementsByTagName("div");
    for (int i = 0; i < divs.getLength(); i++) {
      if (((Element) divs.item(i)).getAttribute("class").equals("intervention")) {
        panels.add((Element) divs.item(i));
      }
    }
    assertEquals(2, panels.size());
    assertTrue(panels.stream().allMatch(panel -> panel.hasAttribute("hidden")), "sliders that no script moves are not shown");
  }

  @Test
  void manyImagesAreCut() {
    List<BottleneckPage.Explained> many = Collections.nCopies(BottleneckPage.MOST_IMAGES + 1, image("x", null));
    String html = BottleneckPage.html(bottleneck(), many, 2, List.of());
    assertTrue(html.contains("The first 200 of 201 images"));
    assertEquals(200, html.split("<section").length - 1);
  }

  @Test
  void theReportTellsHowLambdaWasChosen() throws Exception {
    BottleneckPath path = new BottleneckPath(List.of(new BottleneckPath.Point(0.1, 1.2, 0.01, 0.4, 0),
        new BottleneckPath.Point(0.05, 0.61234, 0.02, 0.75, 3), new BottleneckPath.Point(0.025, 0.6, 0.02, 0.5, 5)), 2, 1);
    String text = parsed(BottleneckReport.html(bottleneck(), Optional.of(path), List.of())).getElementsByTagName("main").item(0)
        .getTextContent();
    assertTrue(text.contains("0.6123") && text.contains("75.0 %") && text.contains("taken") && text.contains("smallest loss"), text);
    assertTrue(text.contains("1 concept without a weight"), text);
  }

  private static JsonObject data(String html) throws Exception {
    NodeList scripts = parsed(html).getElementsByTagName("script");
    assertEquals("bottleneck", ((Element) scripts.item(0)).getAttribute("id"));
    return JsonParser.parseString(scripts.item(0).getTextContent()).getAsJsonObject();
  }

  private static double[] numbers(JsonArray array) {
    return StreamSupport.stream(array.spliterator(), false).mapToDouble(number -> number.getAsDouble()).toArray();
  }

  private static Document parsed(String html) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(html)));
  }
}
