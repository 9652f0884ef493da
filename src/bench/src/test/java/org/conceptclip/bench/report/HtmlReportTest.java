package org.conceptclip.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.conceptclip.bench.Gpu;
import org.conceptclip.bench.Statistics;
import org.conceptclip.bench.throughput.Comparison;
import org.conceptclip.bench.throughput.LatencySummary;
import org.conceptclip.bench.throughput.Origin;
import org.conceptclip.bench.throughput.Rows;
import org.conceptclip.bench.throughput.Section;
import org.conceptclip.bench.throughput.BenchRow;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final String HOSTILE = "<script>alert('x')</script> & \"quotes\" \u0000\uD800";

  private static BenchRow.Builder row(Section section, String workload, String contestant) {
    return new BenchRow.Builder(section, Rows.ORIGIN, Rows.SUBJECT, workload, contestant);
  }

  /** At least one row of every section. */
  private static List<BenchRow> all() {
    List<BenchRow> rows = new ArrayList<>();
    rows.add(Rows.images(3.1, 3.2, 3.3).ratio("bare", new Statistics(0.98, 0.97, 1)).atLeast("engine over bare", 0.98, 0.97)
        .build());
    rows.add(row(Section.IMAGES, "images from memory", "bare").rounds("images/s", 3.2, 3.3).build());
    rows.add(row(Section.IMAGES, "images from memory", "bare, again (A/A)").rounds("images/s", 3.2).build());
    rows.add(row(Section.IMAGES, "images from memory", HOSTILE).failure(HOSTILE).build());
    rows.add(row(Section.TOWERS, "vision, batch 1", "conceptclip fp32").rounds("images/s", 1, 2).build());
    rows.add(row(Section.LOAD, "from files", "ours").rounds("s", 3).build());
    rows.add(row(Section.STAGES, "busy", "decode").rounds("% busy", 40).build());
    rows.add(row(Section.TEXTS, HOSTILE, HOSTILE).rounds("texts/s", 100, 120).atLeast(HOSTILE, 1, 2).build());
    for (int batch : new int[] {1, 2, 4}) {
      rows.add(new BenchRow.Builder(Section.SWEEP, Rows.ORIGIN, Rows.SUBJECT.withBatch(batch), "sweep", "engine")
          .rounds("images/s", batch).build());
    }
    rows.add(row(Section.LATENCY, "0.5 x capacity", "engine").rounds("ms", 5)
        .curve(LatencySummary.of(new long[] {1_000_000, 3_000_000, 90_000_000}).curveMillis()).build());
    rows.add(row(Section.QUEUE, "null backend", "queue").rounds("requests/s", 200_000).build());
    rows.add(row(Section.OPS, "qkv", "ours").rounds("us", 12).build());
    rows.add(row(Section.AB, "images", "A").rounds("images/s", 1, 2).build());
    rows.add(row(Section.SOAK, "heap after collection", "engine").rounds("MB", 100, 101, 100).parameter("minutes", 10).build());
    return rows;
  }

  private static Document parse(String page) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(page)));
  }

  @Test
  void thePageIsWellFormedAndHasAPictureForEverySection() throws Exception {
    Document page = parse(HtmlReport.of(all(), List.of()));
    assertEquals(1 + Section.values().length, page.getElementsByTagName("h2").getLength(), "promises, then the sections");
    assertTrue(page.getElementsByTagName("svg").getLength() >= Section.values().length);
    NodeList rectangles = page.getElementsByTagName("rect");
    for (int i = 0; i < rectangles.getLength(); i++) {
      Element rectangle = (Element) rectangles.item(i);
      double x = Double.parseDouble(rectangle.getAttribute("x"));
      double width = Double.parseDouble(rectangle.getAttribute("width"));
      assertTrue(x >= 0 && width > 0 && x + width <= 760, () -> "bar from " + x + " of " + width);
    }
  }

  @Test
  void namesCannotBecomeMarkup() {
    String page = HtmlReport.of(all(), List.of());
    assertFalse(page.contains("<script"), "a script in the page");
    assertTrue(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot; \uFFFD\uFFFD"));
  }

  @Test
  void nothingComesFromANetwork() {
    String page = HtmlReport.of(all(), List.of()).replace("http://www.w3.org/2000/svg", "");
    for (String word : List.of("http:", "https:", "<link", "@import", "url(", "src=")) {
      assertFalse(page.contains(word), word);
    }
  }

  @Test
  void itSaysWhatItIsWhereItIsFromAndWhatWasMissed() {
    String page = HtmlReport.of(all(), List.of());
    for (String words : List.of("Research use, not a medical device", "Test CPU, 2 cores", "abc", "✓ kept", "✗ missed",
        "prefers-color-scheme: dark", "0.980x of bare")) {
      assertTrue(page.contains(words), words);
    }
  }

  @Test
  void whatIsConstantIsSaidOnceAndClocksAreATable() throws Exception {
    List<BenchRow> rows = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Gpu gpu = new Gpu("Test GPU", "580.1", 1980.0 - 15 * i, 1980.0, i == 3 ? null : 3201.0, 700.0, 40.0 + i);
      Origin origin = new Origin("2026-01-01T00:00:0" + i + "Z", "abc", Rows.MACHINE, gpu);
      for (String contestant : List.of("ours", "peer")) {
        rows.add(new BenchRow.Builder(Section.TOWERS, origin, Rows.SUBJECT.withBatch(1 << i), "images", contestant)
            .rounds("images/s", 1 + i).build());
      }
    }
    Document page = parse(HtmlReport.of(rows, List.of()));
    List<String> facts = new ArrayList<>();
    NodeList terms = page.getElementsByTagName("dt");
    for (int i = 0; i < terms.getLength(); i++) {
      facts.add(terms.item(i).getTextContent());
    }
    assertEquals(List.of("Machine", "Instruction sets", "System", "Commit", "GPU", "Measured", "Backend"), facts);
    String text = page.getDocumentElement().getTextContent();
    assertTrue(text.contains("Test GPU, driver 580.1, SM clock at most 1980 MHz, power limit 700 W"), text);
    assertEquals(2, text.split("Test CPU").length, "the machine is said once");
    NodeList clocks = ((Element) page.getElementsByTagName("table").item(0)).getElementsByTagName("tr");
    assertEquals(1 + 10, clocks.getLength(), "a head, and a line a reading");
    Element fourth = (Element) clocks.item(4);
    assertEquals("Towers, one call for each batch: images, batch 8|2026-01-01T00:00:03Z|1935|not reported|43.0",
        String.join("|", texts(fourth)));
  }

  private static List<String> texts(Element parent) {
    NodeList cells = parent.getElementsByTagName("td");
    return IntStream.range(0, cells.getLength()).mapToObj(i -> cells.item(i).getTextContent()).toList();
  }

  @Test
  void withoutAGpuThereAreNoClocks() {
    assertFalse(HtmlReport.of(all(), List.of()).contains("Clocks of the GPU"));
  }

  @Test
  void comparisonsAreShown() throws Exception {
    BenchRow fresh = Rows.images(200, 201, 202).build();
    List<Comparison.Pair> pairs = Comparison.of(List.of(Rows.images(100, 101, 102).build()), List.of(fresh));
    String page = HtmlReport.of(List.of(fresh), pairs);
    parse(page);
    assertTrue(page.contains("faster") && page.contains("1.99x"), page);
  }

  @Test
  void noRowsAreAPage() throws Exception {
    parse(HtmlReport.of(List.of(), List.of()));
  }
}
