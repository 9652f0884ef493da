package org.conceptclip.batch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.ImageEncoding;
import org.conceptclip.runtime.ImageScores;
import org.conceptclip.runtime.TextEncoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;

/** An encoder as a batcher's replica: a thread a lane, each with one batch at a time. Thread-safe; the encoder is the caller's. */
final class EncoderReplica implements Replica<WorkKind, Payload, Object>, AutoCloseable {
  private static final Runnable END = () -> {};

  private final String name;
  private final Encoder encoder;
  private final StageClocks clocks;
  private final Workers<Runnable> workers;

  EncoderReplica(String name, Encoder encoder, StageClocks clocks) {
    this.name = name;
    this.encoder = encoder;
    this.clocks = clocks;
    this.workers = new Workers<>("conceptclip-lane-" + name, encoder.limits().lanes(), new LinkedBlockingQueue<>(), END,
        () -> Runnable::run);
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
  public void begin(Batch<WorkKind, Payload, Object> batch) {
    workers.add(() -> run(batch));
  }

  private void run(Batch<WorkKind, Payload, Object> batch) {
    List<Object> results;
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

  private List<Object> compute(Batch<WorkKind, Payload, Object> batch) {
    long begin = System.nanoTime();
    int items = batch.payloads().size();
    LongAdder packNanos = new LongAdder();
    try {
      return switch (batch.kind()) {
        case WorkKind.Images images -> features(pixels(batch.payloads()), images.detail(), packNanos::add);
        case WorkKind.Scores scores -> logits(pixels(batch.payloads()), scores.targets(), packNanos::add);
        case WorkKind.Texts texts -> texts(batch.payloads(), texts.detail(), packNanos);
      };
    } finally {
      clocks.add(Stage.PACK, packNanos.sum(), items);
      clocks.add(Stage.COMPUTE, System.nanoTime() - begin - packNanos.sum(), items);
    }
  }

  private static List<HostTensor> pixels(List<Payload> payloads) {
    return payloads.stream().map(payload -> ((Payload.Image) payload).pixels()).toList();
  }

  private List<Object> features(List<HostTensor> images, Detail detail, LongConsumer uploadNanos) {
    ImageEncoding encoding = encoder.encodeImages(images, detail, uploadNanos);
    List<Object> results = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      HostTensor tokensOrNull = detail == Detail.FEATURES ? null
          : rows(encoding.tokenFeatures(), (long) i * encoder.imageTokens(), encoder.imageTokens());
      results.add(new ImageFeatures(encoding.features().rows(i, 1).toFloatArray(), tokensOrNull));
    }
    return results;
  }

  private List<Object> logits(List<HostTensor> images, ScoreTargets targets, LongConsumer uploadNanos) {
    ImageScores scores =
        encoder.scoreImages(images, targets.textFeatures(), targets.conceptsOrNull(), targets.topK(), uploadNanos);
    List<Object> results = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      results.add(new ImageLogits(
          scores.globalLogits().rows(i, 1).toDoubleArray(),
          scores.localLogits() == null ? null : scores.localLogits().rows(i, 1).toDoubleArray()));
    }
    return results;
  }

  private List<Object> texts(List<Payload> payloads, Detail detail, LongAdder packNanos) {
    long begin = System.nanoTime();
    List<Payload.Text> texts = payloads.stream().map(Payload.Text.class::cast).toList();
    TokenBatch tokens = TokenBatch.packed(texts.stream().map(text -> text.text().ids()).toList());
    packNanos.add(System.nanoTime() - begin);
    clocks.addTokens(0, tokens.sequences().totalRows());
    TextEncoding encoding = encoder.encodeTexts(tokens, detail);
    List<Object> results = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      HostTensor tokensOrNull = detail == Detail.FEATURES ? null
          : rows(encoding.tokenFeatures(), tokens.sequences().start(i), tokens.sequences().rows(i));
      results.add(new TextFeatures(encoding.features().rows(i, 1).toFloatArray(), tokensOrNull, texts.get(i).text()));
      clocks.addTokens(texts.get(i).text().length(), 0);
    }
    return results;
  }

  /** A copy on the heap: a view would keep the whole batch's memory for whoever keeps one of its results. */
  private static HostTensor rows(HostTensor matrix, long first, long count) {
    HostTensor flat = matrix.reshape(matrix.rows(), matrix.columns()).rows(first, count);
    return HostTensor.view(DType.F32, Shape.of(count, flat.columns()), MemorySegment.ofArray(flat.toFloatArray()));
  }

  /** Waits until the lanes have computed their batches and their threads have ended. */
  @Override
  public void close() {
    workers.close();
  }
}
