package org.conceptclip.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.PassLimits;
import org.conceptclip.op.Sequences;

/**
 * Cuts work into passes of the size that suits the backend. When device memory does not hold a pass, later passes have half its size, down
 * to a single image or text, and a notice says so. Thread-safe.
 */
final class PassRunner {
  private final Backend backend;
  private final Consumer<String> notices;
  private volatile PassLimits limits;

  /** Computes {@code count} images or texts from {@code first} on: their outputs on the host. */
  interface Pass {
    Encoding run(Execution execution, int first, int count);
  }

  /** @param sizes what the limits count: a row per image, or a row per token of each text */
  record Work(Sequences sizes, boolean texts, Pass pass) {
    static Work ofImages(int images, Pass pass) {
      return new Work(Sequences.uniform(images, 1), false, pass);
    }

    static Work ofTexts(Sequences tokens, Pass pass) {
      return new Work(tokens, true, pass);
    }

    /** The end of the pass that begins with this item: as many items as the limits allow, but at least one. */
    private int end(int first, PassLimits limits) {
      if (!texts) {
        return first + limits.nextImages(sizes.count() - first);
      }
      int end = first + 1;
      while (end < sizes.count() && size(first, end + 1) <= limits.tokens()) {
        end++;
      }
      return end;
    }

    private int size(int first, int end) {
      return sizes.cumulativeRows()[end] - sizes.start(first);
    }

    private Encoding run(Execution execution, int first, int end) {
      return pass.run(execution, first, end - first);
    }
  }

  /** @param notices receives one line of text whenever passes become smaller */
  PassRunner(Backend backend, Consumer<String> notices) {
    this.backend = backend;
    this.notices = notices;
    this.limits = backend.passLimits();
  }

  /** The limits of the next pass. */
  PassLimits limits() {
    return limits;
  }

  /** Runs the first pass of this work, or a smaller one that fits, on as many executions at once as the backend has lanes. */
  void warmUp(Work work) {
    int end = work.end(0, limits);
    while (!fitsEveryLane(work, end)) {
      shrink(work, work.size(0, end));
      end = work.end(0, limits);
    }
  }

  private boolean fitsEveryLane(Work work, int end) {
    try {
      onLanes(backend.lanes(), work);
      return true;
    } catch (DeviceException e) {
      String pressed = "device memory does not hold a pass of " + end + (work.texts ? " texts" : " images") + " on each of "
          + backend.lanes() + " lanes";
      requireSmaller(e, end == 1, pressed);
      notices.accept(pressed + ": going on with fewer");
      return false;
    }
  }

  /** Executions are nested, so that no two have the same lane. */
  private void onLanes(int lanes, Work work) {
    try (Execution execution = backend.openExecution()) {
      work.run(execution, 0, work.end(0, limits));
      if (lanes > 1) {
        onLanes(lanes - 1, work);
      }
    }
  }

  /** The outputs of all passes. */
  Encoding run(Work work) {
    List<Encoding> passes = new ArrayList<>();
    int tooLarge = 0;
    int first = 0;
    while (first < work.sizes.count()) {
      int end = work.end(first, limits);
      int size = work.size(first, end);
      try (Execution execution = backend.openExecution()) {
        passes.add(work.run(execution, first, end));
      } catch (DeviceException e) {
        String single = work.texts ? "one text of " + size + " tokens" : "one image";
        requireSmaller(e, end - first == 1, "device memory does not hold " + single);
        tooLarge = Math.max(tooLarge, size);
        shrink(work, size);
        continue;
      }
      if (tooLarge > 0) {
        String unit = work.texts ? " tokens" : " images";
        notices.accept("device memory does not hold a pass of " + tooLarge + unit + ": going on with " + size);
        tooLarge = 0;
      }
      first = end;
    }
    return Encoding.join(passes);
  }

  /** Throws the failure unless a smaller pass may fit. */
  private static void requireSmaller(DeviceException failure, boolean smallest, String message) {
    if (failure.kind() != DeviceException.Kind.MEMORY) {
      throw failure;
    }
    if (smallest) {
      throw new DeviceException(DeviceException.Kind.MEMORY, message + ": " + failure.getMessage(), failure);
    }
  }

  /** Limits passes to half of a size that was too large. */
  private synchronized void shrink(Work work, int size) {
    int half = Math.max(1, size / 2);
    limits = work.texts
        ? new PassLimits(limits.images(), Math.min(limits.tokens(), half), limits.recorded())
        : new PassLimits(Math.min(limits.images(), half), limits.tokens(), limits.recorded());
  }
}
