package org.conceptclip.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.OneLine;

/**
 * Which tensors of a checkpoint supply each tensor of a layout.
 *
 * @param sources the suppliers of each canonical name, in the order of the rows that they supply
 * @param ignored tensors of the checkpoint that the model does not use
 */
record CheckpointPlan(Map<String, List<Source>> sources, List<String> ignored) {
  /** Most tensors of one kind of error that a message lists by name. */
  private static final int MOST_LISTED = 10;

  private static final Set<String> WEIGHT_TYPES = Set.of(DType.F32.name(), DType.F16.name(), DType.BF16.name());

  /** A checkpoint tensor and the part of a canonical tensor that it supplies. */
  record Source(String name, NameMap.Part part) {}

  /**
   * Matches a checkpoint's tensors to a layout.
   *
   * @param checkpoint for the message
   * @throws BadInputException one error that lists what is missing, unexpected, ambiguous and of the wrong shape or type
   */
  static CheckpointPlan of(String checkpoint, SequencedMap<String, TensorInfo> found, Map<String, Shape> layout) {
    return new Matching(found, layout).run(checkpoint);
  }

  private static final class Matching {
    private final Map<String, TensorInfo> found;
    private final Map<String, Shape> layout;
    private final Map<String, List<Source>> sources = new LinkedHashMap<>();
    private final List<String> ignored = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> unexpected = new ArrayList<>();
    private final List<String> ambiguous = new ArrayList<>();
    private final List<String> misshaped = new ArrayList<>();

    Matching(Map<String, TensorInfo> found, Map<String, Shape> layout) {
      this.found = found;
      this.layout = layout;
    }

    CheckpointPlan run(String checkpoint) {
      assign();
      layout.forEach(this::check);
      if (missing.isEmpty() && unexpected.isEmpty() && ambiguous.isEmpty() && misshaped.isEmpty()) {
        return new CheckpointPlan(sources, ignored);
      }
      List<String> troubles = new ArrayList<>();
      describe(troubles, missing, "missing");
      describe(troubles, unexpected, "unexpected");
      describe(troubles, ambiguous, "ambiguous");
      describe(troubles, misshaped, "mis-shaped");
      throw new BadInputException(
          checkpoint + ": " + found.size() + " tensors that do not fit the configured model, which has " + layout.size()
              + ": " + String.join("; ", troubles));
    }

    private void assign() {
      NameMap names = new NameMap(layout);
      for (String name : found.keySet()) {
        List<NameMap.Part> parts = names.parts(name);
        if (parts.isEmpty()) {
          (NameMap.isIgnored(name) ? ignored : unexpected).add(OneLine.of(name));
        }
        for (NameMap.Part part : parts) {
          sources.computeIfAbsent(part.canonical(), unused -> new ArrayList<>()).add(new Source(name, part));
        }
      }
    }

    private void check(String canonical, Shape shape) {
      List<Source> parts = sources.get(canonical);
      if (parts == null) {
        missing.add(canonical);
        return;
      }
      int of = parts.getFirst().part.of();
      Source[] places = new Source[of];
      for (Source source : parts) {
        Source rival = source.part.of() == of ? places[source.part.place()] : parts.getFirst();
        if (rival != null) {
          ambiguous.add(OneLine.of(rival.name) + " and " + OneLine.of(source.name) + " are both " + canonical);
          return;
        }
        places[source.part.place()] = source;
      }
      if (parts.size() < of) {
        missing.add(canonical + " (" + parts.size() + " of its " + of + " parts found)");
        return;
      }
      List<Source> ordered = Arrays.asList(places);
      sources.put(canonical, ordered);
      String type = found.get(ordered.getFirst().name).typeName();
      ordered.forEach(source -> checkShape(source, shape, type));
    }

    private void checkShape(Source source, Shape canonical, String typeOfFirst) {
      TensorInfo info = found.get(source.name);
      long[] extents = canonical.toArray();
      NameMap.Part part = source.part;
      if (part.of() > 1 || part.sourceUnits() > 1) {
        extents[0] = extents[0] / part.of() / part.units() * part.sourceUnits();
      }
      boolean weights = WEIGHT_TYPES.contains(info.typeName());
      if (!weights || !info.typeName().equals(typeOfFirst) || !Arrays.equals(squeezed(extents), squeezed(info.shape().toArray()))) {
        String types = weights && !info.typeName().equals(typeOfFirst)
            ? typeOfFirst + " like the tensors that it is joined with"
            : "F32, F16 or BF16";
        misshaped.add(OneLine.of(source.name) + " is " + info + ", expected " + Shape.of(extents) + " in " + types);
      }
    }

    /** Extents without ones: a position table may have a batch axis or none, and a scalar may be stored as a list of one. */
    private static long[] squeezed(long[] extents) {
      return Arrays.stream(extents).filter(extent -> extent != 1).toArray();
    }

    private static void describe(List<String> troubles, List<String> names, String kind) {
      if (!names.isEmpty()) {
        String more = names.size() > MOST_LISTED ? ", and " + (names.size() - MOST_LISTED) + " more" : "";
        troubles.add(names.size() + " " + kind + ": " + String.join(", ", names.subList(0, Math.min(MOST_LISTED, names.size()))) + more);
      }
    }
  }
}
