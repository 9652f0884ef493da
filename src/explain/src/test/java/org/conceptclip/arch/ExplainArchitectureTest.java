package org.conceptclip.arch;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.conceptclip.evaluate.Interval;

/** The arrows between the packages of explain: metrics know no model, and data files know nobody. */
class ExplainArchitectureTest extends ArchitectureContract {
  private static final String BASE = "org.conceptclip";

  ExplainArchitectureTest() {
    super(BASE, location -> location.contains(Interval.class.getProtectionDomain().getCodeSource().getLocation().getPath()),
        BASE + ".arch.planted.explaining", allowed(), Map.of("de.siegmar.fastcsv", Set.of("data")), Set.of());
  }

  private static Map<String, Set<String>> allowed() {
    Map<String, Set<String>> rows = new TreeMap<>();
    rows.put("data", Set.of("tensor"));
    rows.put("evaluate", Set.of("tensor"));
    rows.put("explain", Set.of("data", "op", "report", "image", "tensor", "text", "task", "batch", "runtime", Arrows.FRONT_DOOR));
    rows.put("probe", Set.of("data", "explain", "report", "image", "tensor", "task", "batch", "weights", Arrows.FRONT_DOOR));
    rows.put("results", Set.of("data", "evaluate", "report", "tensor"));
    return rows;
  }
}
