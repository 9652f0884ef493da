package org.conceptclip.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.DeviceException;
import org.conceptclip.backend.Execution;
import org.conceptclip.backend.PassLimits;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.TokenBatch;

/**
 * Cuts work into passes of the size that suits the backend. When device memory does not hold a pass, later passes have half its size, down
 * to a single image or text, and a notice says so. Thread-safe.
 */
final class PassRunner {
  private final Backend backend;
  private final Consumer<String> notices;
  private volatile PassLimits limits;

  /** One pass over images {@code first} to {@code first + count}: its outputs on the host. */
  interface ImagePass {
    Encoding run(Execution execution, int first, int count);
  }

  /** One pass over some texts: its outputs on the host. */
  interface TextPass {
    Encoding run(Execution execution, TokenBatch texts);
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

  /** Runs a pass of this many images, or of as many as fit, on as many executions at once as the backend has lanes. */
  void warmUpImages(int images, ImagePass pass) {
    int count = limits.nextImages(images);
    while (!fitsEveryLane(count, "images", execution -> pass.run(execution, 0, limits.nextImages(images)))) {
      shrink(count / 2, limits.tokens());
      count = limits.nextImages(images);
    }
  }

  /** Runs a pass of these texts, or of as many as fit, on as many executions at once as the backend has lanes. */
  void warmUpTexts(TokenBatch tokens, TextPass pass) {
    int count = lastOfPass(tokens.sequences(), 0, limits.tokens());
    while (!fitsEveryLane(count, "texts", execution ->
        pass.run(execution, tokens.texts(0, lastOfPass(tokens.sequences(), 0, limits.tokens()))))) {
      shrink(limits.images(), Math.max(1, tokens.texts(0, count).sequences().totalRows() / 2));
      count = lastOfPass(tokens.sequences(), 0, limits.tokens());
    }
  }

  private boolean fitsEveryLane(int count, String what, Consumer<Execution> pass) {
    try {
      onLanes(backend.lanes(), pass);
      return true;
    } catch (DeviceException e) {
      if (e.kind() != DeviceException.Kind.MEMORY) {
        throw e;
      }
      String pressed = "device memory does not hold a pass of " + count + " " + what + " on each of " + backend.lanes() + " lanes";
      if (count == 1) {
        throw new DeviceException(DeviceException.Kind.MEMORY, pressed + ": " + e.getMessage(), e);
      }
      notices.accept(pressed + ": going on with fewer");
      return false;
    }
  }

  /** Executions are nested, so that no two have the same lane. */
  private void onLanes(int lanes, Consumer<Execution> pass) {
    try (Execution execution = backend.openExecution()) {
      pass.accept(execution);
      if (lanes > 1) {
        onLanes(lanes - 1, pass);
      }
    }
  }

  /** The outputs of all passes. */
  Encoding overImages(int images, ImagePass pass) {
    List<Encoding> passes = new ArrayList<>();
    int tooLarge = 0;
    int done = 0;
    while (done < images) {
      int first = done;
      int count = limits.nextImages(images - first);
      Optional<Encoding> results = attempt(count == 1, "one image", execution -> pass.run(execution, first, count));
      if (results.isEmpty()) {
        tooLarge = Math.max(tooLarge, count);
        shrink(count / 2, limits.tokens());
        continue;
      }
      if (tooLarge > 0) {
        notices.accept("device memory does not hold a pass of " + tooLarge + " images: going on with " + count);
        tooLarge = 0;
      }
      passes.add(results.get());
      done += count;
    }
    return Encoding.join(passes);
  }

  /** The outputs of all passes. */
  Encoding overTexts(TokenBatch tokens, TextPass pass) {
    List<Encoding> passes = new ArrayList<>();
    Sequences sequences = tokens.sequences();
    int tooLarge = 0;
    int first = 0;
    while (first < sequences.count()) {
      int last = lastOfPass(sequences, first, limits.tokens());
      TokenBatch texts = tokens.texts(first, last);
      int rows = texts.sequences().totalRows();
      Optional<Encoding> results = attempt(texts.count() == 1, "one text of " + rows + " tokens", execution -> pass.run(execution, texts));
      if (results.isEmpty()) {
        tooLarge = Math.max(tooLarge, rows);
        shrink(limits.images(), Math.max(1, rows / 2));
        continue;
      }
      if (tooLarge > 0) {
        notices.accept("device memory does not hold a pass of " + tooLarge + " tokens: going on with " + rows);
        tooLarge = 0;
      }
      passes.add(results.get());
      first = last;
    }
    return Encoding.join(passes);
  }

  /** The end of a pass: as many texts as the budget allows, but at least one. */
  private static int lastOfPass(Sequences sequences, int first, int tokens) {
    int last = first + 1;
    while (last < sequences.count() && sequences.cumulativeRows()[last + 1] - sequences.start(first) <= tokens) {
      last++;
    }
    return last;
  }

  /** The outputs of a pass; empty if it was too large for the device's memory. */
  private Optional<Encoding> attempt(boolean smallest, String smallestIs, Function<Execution, Encoding> pass) {
    try (Execution execution = backend.openExecution()) {
      return Optional.of(pass.apply(execution));
    } catch (DeviceException e) {
      if (e.kind() != DeviceException.Kind.MEMORY) {
        throw e;
      }
      if (smallest) {
        throw new DeviceException(DeviceException.Kind.MEMORY, "device memory does not hold " + smallestIs + ": " + e.getMessage(), e);
      }
      return Optional.empty();
    }
  }

  private synchronized void shrink(int images, int tokens) {
    limits = new PassLimits(Math.min(limits.images(), Math.max(1, images)), Math.min(limits.tokens(), tokens), limits.powersOfTwo());
  }
}
