package org.conceptclip.report;

import java.util.List;
import java.util.Map;

/**
 * A page of HTML that can be opened from a disk: everything is in it, nothing comes from a network, and it is dark or light as the reader's
 * system is. It is also well-formed XML. Not thread-safe.
 */
public final class Page {
  /** What everything with results of a model says. */
  public static final String FOR_RESEARCH = "For research. Not a medical device.";

  /** The page's looks. Colours of series were chosen to differ in lightness as well, for readers who do not distinguish hues well. */
  private static final String STYLE = """

      :root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1d2329; --soft: #5c6670; --rule: #e3e6e8;
        --c0: #1f6f8b; --c1: #d9822b; --c2: #6a4c93; --c3: #3f9b57; --c4: #b3384a; --c5: #7d8a94; --c6: #b79a1c; --c7: #2f4b9a;
        --kept: #23713a; --missed: #a3212f; }
      @media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8eb; --soft: #9aa6b0; --rule: #2b333a;
        --c0: #58b4d1; --c1: #f0a65a; --c2: #b095dc; --c3: #76cf8e; --c4: #ec7c8b; --c5: #a9b5be; --c6: #e0c653; --c7: #8aa4ee;
        --kept: #7bd394; --missed: #f28b97; } }
      body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
      main { max-width: 800px; margin: 0 auto; padding: 24px 20px 48px; }
      h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 40px 0 8px; }
      .notice { color: var(--soft); font-size: 13px; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 13px; }
      dt { color: var(--soft); } dd { margin: 0; }
      figure { margin: 16px 0 24px; } figcaption { font-size: 13px; font-weight: 600; margin-bottom: 8px; }
      svg { width: 100%; height: auto; display: block; }
      .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; }
      th { text-align: left; font-weight: 600; color: var(--soft); } th, td { padding: 4px 10px 4px 0; vertical-align: top;
        border-bottom: 1px solid var(--rule); }
      td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      .kept { color: var(--kept); white-space: nowrap; } .missed { color: var(--missed); }
      summary { cursor: pointer; color: var(--soft); font-size: 13px; }
      svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 11px; }
      svg .value { font-variant-numeric: tabular-nums; font-weight: 600; }
      .grid { stroke: var(--rule); stroke-width: 1; } .whisker { stroke: var(--ink); stroke-width: 1.2; }
      .line { fill: none; stroke-width: 2; }
      .diagonal { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; }
      .s0 { fill: var(--c0); } .s1 { fill: var(--c1); } .s2 { fill: var(--c2); } .s3 { fill: var(--c3); }
      .s4 { fill: var(--c4); } .s5 { fill: var(--c5); } .s6 { fill: var(--c6); } .s7 { fill: var(--c7); }
      .l0 { stroke: var(--c0); } .l1 { stroke: var(--c1); } .l2 { stroke: var(--c2); } .l3 { stroke: var(--c3); }
      main:has(.sheet) { max-width: none; } .legend { max-width: 320px; }
      .sheet { width: auto; } .sheet th { background: var(--paper); vertical-align: bottom; }
      .sheet th, .sheet td { padding: 6px 8px 8px 0; width: 144px; min-width: 144px; max-width: 144px; overflow-wrap: anywhere; }
      .sheet th[scope=row] { position: sticky; left: 0; vertical-align: top; } .sheet span, .sheet small { display: block; }
      .sheet small { color: var(--soft); font-weight: 400; } .sheet .name { font-weight: 400; }
      .sheet .score { font-weight: 600; font-variant-numeric: tabular-nums; }
      .sheet .crop { display: block; overflow: hidden; border-radius: 3px; margin-bottom: 4px; } .sheet .crop img { display: block; }
      @media (max-width: 640px) { .sheet th, .sheet td { width: 104px; min-width: 104px; max-width: 104px; } }
      .l4 { stroke: var(--c4); } .l5 { stroke: var(--c5); } .l6 { stroke: var(--c6); } .l7 { stroke: var(--c7); }
      """;

  private final Markup markup = new Markup();

  private Page() {}

  /** A page with this title and heading. */
  public static Page titled(String title) {
    return titled(title, "");
  }

  /**
   * A page with this title and heading, and looks of its own.
   *
   * @param style rules that are added to the page's
   * @throws IllegalArgumentException if they hold a character that is written differently in HTML and XML: {@code < > & " '}
   */
  public static Page titled(String title, String style) {
    if (!Markup.escape(style).equals(style)) {
      throw new IllegalArgumentException("a style with one of < > & \" ', expected one without");
    }
    Page page = new Page();
    page.markup.open("html", "lang", "en").open("head").empty("meta", "charset", "utf-8")
        .empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
        .leaf("title", title).leaf("style", STYLE + style).close().open("body").open("main").leaf("h1", title);
    return page;
  }

  /** Where further elements are added; whoever opens one closes it. */
  public Markup markup() {
    return markup;
  }

  /** A small line: what the page is for, where its figures come from. */
  public Page notice(String text) {
    markup.leaf("p", text, "class", "notice");
    return this;
  }

  public Page heading(String text) {
    markup.leaf("h2", text);
    return this;
  }

  /** Names and what they stand for; a name may come several times. */
  public Page facts(List<Map.Entry<String, String>> facts) {
    markup.open("dl");
    facts.forEach(fact -> markup.leaf("dt", fact.getKey()).leaf("dd", fact.getValue()));
    markup.close();
    return this;
  }

  /** A picture with its caption above. */
  public Page figure(String caption, Markup drawing) {
    markup.open("figure").leaf("figcaption", caption).add(drawing).close();
    return this;
  }

  /**
   * A table, which scrolls where it is wider than the page.
   *
   * @param rows adds the rows to {@link #markup}, each a {@code tr} with its {@code td}; see {@link #number}
   */
  public Page table(List<String> heads, Runnable rows) {
    return table(heads, 0, 0, rows);
  }

  /**
   * {@link #table(List, Runnable)} with columns of numbers, whose heads stand over them.
   *
   * @param from first column of numbers
   * @param to column after the last of them
   */
  public Page table(List<String> heads, int from, int to, Runnable rows) {
    markup.open("div", "class", "wide").open("table").open("tr");
    for (int i = 0; i < heads.size(); i++) {
      markup.leaf("th", heads.get(i), "class", i >= from && i < to ? "number" : "text");
    }
    markup.close();
    rows.run();
    markup.close().close();
    return this;
  }

  /** A cell with a number. */
  public Page number(String text) {
    markup.leaf("td", text, "class", "number");
    return this;
  }

  /** The whole page, after which nothing can be added. */
  public String whole() {
    return "<!DOCTYPE html>\n" + markup.close().close().close().whole() + "\n";
  }
}
