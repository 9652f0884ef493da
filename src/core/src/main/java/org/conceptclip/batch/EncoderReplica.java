package org.conceptclip.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.HostTensor;

/**
 * Runs a batcher's batches on an encoder. Has one thread per lane, and each computes one batch at a time. Thread-safe. Does not close
 * the encoder. Loops and conditions instead of
 * streams and switches over types: a lambda or a switch that cannot be linked for lack of memory, the first time, is lost to the process.
 */
final class EncoderReplica implements Replica<WorkKind, Payload, Encoding>, AutoCloseable {
  private final String name;
  private final Encoder encoder;
  private final StageClocks clocks;
  private final TaskQueue queue;
  private final Workers workers;

  EncoderReplica(String name, Encoder encoder, StageClocks clocks) {
    this.name = name;
    this.encoder = encoder;
    this.clocks = clocks;
    int lanes = encoder.limits().lanes();
    this.queue = new TaskQueue(lanes, lanes, Runnable::run);
    this.workers = new Workers("conceptclip-lane-" + name, lanes, queue);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int lanes() {
    return workers.count();
  }

  @Override
  public void begin(Batch<WorkKind, Payload, Encoding> batch) {
    if (!queue.offer(() -> run(batch))) {
      throw new IllegalStateException("replica " + name + " was given more batches than it has lanes, or is closed");
    }
  }

  private void run(Batch<WorkKind, Payload, Encoding> batch) {
    if (batch.hasEnded()) {
      return;
    }
    List<Encoding> results;
    try {
      results = compute(batch);
    } catch (Throwable failure) {
      // Includes Errors: the callers must learn of it, and memory may suffice for the next batch.
      if (Encoder.isDeviceLost(failure)) {
        batch.lost(failure);
      } else {
        batch.failed(failure);
      }
      return;
    }
    batch.done(results);
  }

  private List<Encoding> compute(Batch<WorkKind, Payload, Encoding> batch) {
    long begin = System.nanoTime();
    int items = batch.payloads().size();
    LongAdder packNanos = new LongAdder();
    try {
      WorkKind kind = batch.kind();
      if (kind instanceof WorkKind.Images images) {
        return images(encoder.encodeImages(pixels(batch), images.detail(), packNanos::add), items);
      }
      if (kind instanceof WorkKind.Scores scores) {
        ScoreTargets targets = scores.targets();
        return images(encoder.scoreImages(
            pixels(batch), targets.textFeatures(), targets.conceptsOrNull(), targets.topK(), packNanos::add), items);
      }
      return texts(batch.payloads(), ((WorkKind.Texts) kind).detail(), packNanos);
    } finally {
      clocks.add(Stage.PACK, packNanos.sum(), items);
      clocks.add(Stage.COMPUTE, System.nanoTime() - begin - packNanos.sum(), items);
    }
  }

  private static List<HostTensor> pixels(Batch<WorkKind, Payload, Encoding> batch) {
    List<HostTensor> pixels = new ArrayList<>(batch.payloads().size());
    for (Payload payload : batch.payloads()) {
      pixels.add(((Payload.Image) payload).pixels());
    }
    return pixels;
  }

  private List<Encoding> images(Encoding all, int count) {
    int tokens = encoder.imageTokens();
    List<Encoding> items = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      items.add(all.item(i, (long) i * tokens, tokens));
    }
    return items;
  }

  private List<Encoding> texts(List<Payload> payloads, Detail detail, LongAdder packNanos) {
    long begin = System.nanoTime();
    List<int[]> ids = new ArrayList<>(payloads.size());
    for (Payload payload : payloads) {
      ids.add(((Payload.Text) payload).text().ids());
    }
    TokenBatch tokens = TokenBatch.packed(ids);
    packNanos.add(System.nanoTime() - begin);
    int rows = tokens.sequences().totalRows();
    clocks.addTokens(0, rows);
    Encoding all = encoder.encodeCheckedTexts(tokens, detail);
    clocks.addTokens(rows, 0);
    List<Encoding> items = new ArrayList<>(payloads.size());
    for (int i = 0; i < payloads.size(); i++) {
      items.add(all.item(i, tokens.sequences().start(i), tokens.sequences().rows(i)));
    }
    return items;
  }

  /** Waits until the lanes have computed their batches and their threads have ended. */
  @Override
  public void close() {
    workers.close();
  }
}
