package org.conceptclip.explain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.conceptclip.explain.ContactSheet.Scale;
import org.conceptclip.explain.Overlay.Range;
import org.conceptclip.report.Page;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The page of overlays, read as XML. */
class ContactSheetTest {
  private static final ContactSheet.Head HEAD =
      new ContactSheet.Head("tiny", List.of(Map.entry("images", "1")), List.of("It was trained on drawings."));
  private static final List<String> CONCEPTS = List.of("a <b>", "c/d");
  private static final List<String> FILES = List.of("a <b>", "c_d");

  @Test
  void everyPictureIsAFileBesideThePageAndSaysInWordsWhatItShows() throws Exception {
    ContactSheet.Row row = new ContactSheet.Row("x/ü & y.png", "ü & y", 400, 200, new double[] {0.5, -0.25},
        List.of(new Range(0, 1), new Range(-1, 0.125f)));
    String html = ContactSheet.html(HEAD, Scale.IMAGE, CONCEPTS, FILES, List.of(row));
    NodeList pictures = parsed(html).getElementsByTagName("img");
    assertEquals(3, pictures.getLength());
    assertEquals("%C3%BC%20%26%20y/original.jpg", ((Element) pictures.item(0)).getAttribute("src"));
    assertEquals("%C3%BC%20%26%20y/a%20%3Cb%3E.png", ((Element) pictures.item(1)).getAttribute("src"));
    assertEquals("c/d in x/ü & y.png: score -0.250, cosines -1.000 to 0.125", ((Element) pictures.item(2)).getAttribute("alt"));
    assertFalse(html.replace("http://www.w3.org/2000/svg", "").contains("://"), "an address of a network");
    assertFalse(html.contains("<script"), "a script");
    for (String words : List.of("tiny", Page.FOR_RESEARCH, "trained on drawings", "range of its own")) {
      assertTrue(html.contains(words), words);
    }
  }

  @Test
  void sharedRangesStandOnceWhereTheyBelong() {
    ContactSheet.Row row = new ContactSheet.Row("x.png", "x", 400, 200, new double[] {0.5, -0.25},
        List.of(new Range(0, 0.75f), new Range(-1, 0.125f)));
    String byConcept = ContactSheet.html(HEAD, Scale.CONCEPT, CONCEPTS, FILES, List.of(row));
    assertTrue(byConcept.contains("<small>0.000 to 0.750</small></th>") && byConcept.contains("<small>-1.000 to 0.125</small></th>"));
    assertTrue(ContactSheet.html(HEAD, Scale.ALL, CONCEPTS, FILES, List.of(row)).contains(">0.375</text>"), "the middle of the bar");
  }

  @Test
  void aPageOfManyPicturesSaysHowManyAreLeftOut() throws Exception {
    ContactSheet.Row row = new ContactSheet.Row("x.png", "x", 400, 200, new double[] {0.5, -0.25},
        List.of(new Range(0, 1), new Range(0, 1)));
    String html = ContactSheet.html(HEAD, Scale.IMAGE, CONCEPTS, FILES, Collections.nCopies(1234, row));
    assertEquals(3 * ContactSheet.MOST_ROWS, parsed(html).getElementsByTagName("img").getLength());
    assertTrue(html.contains("The first 500 of 1234 images"));
  }

  private static Document parsed(String html) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new InputSource(new StringReader(html.substring(html.indexOf('\n') + 1))));
  }
}
