package org.conceptclip.bench.throughput;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.conceptclip.backend.Backend;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Workload;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/**
 * This runtime as a contestant: the engine, or the bare loop, which calls the encoder again and again with inputs in memory and is the
 * upper limit of what an engine can reach. Encoder and engine belong to the caller, so that an A/A control can run them under two names.
 */
final class OwnContestant implements Contestant {
  private final String name;
  private final Backend backend;
  private final int repetitions;
  private final Function<Workload, Work> prepare;
  private Work work;

  /** A prepared workload. */
  private interface Work {
    /** Computes it so many times; returns the last item's features. */
    float[] compute(int times) throws InterruptedException;
  }

  /** A run computes what {@code prepare} made; its time is divided by the repetitions in it. */
  private OwnContestant(String name, Encoder encoder, int repetitions, Function<Workload, Work> prepare) {
    this.name = name;
    this.backend = encoder.backend();
    this.repetitions = repetitions;
    this.prepare = prepare;
  }

  /** Float32 pixels or packed texts to raw features, as peers answer: one call in a run. */
  static OwnContestant likePeers(String name, Encoder encoder) {
    return raw(name, encoder, vision -> {
      int size = imageSize(encoder);
      return HostTensor.of(vision.pixels(size), vision.batch(), 3, size, size);
    });
  }

  /** The same from the bytes of decoded images, which is what a user has. */
  static OwnContestant fromBytes(String name, Encoder encoder) {
    return raw(name, encoder, vision -> Inputs.bytes(vision, imageSize(encoder)));
  }

  private static OwnContestant raw(String name, Encoder encoder, Function<Workload.Vision, HostTensor> images) {
    return bare(name, encoder, 1, workload -> switch (workload) {
      case Workload.Vision vision -> {
        HostTensor pixels = images.apply(vision);
        yield () -> encoder.encodeImages(pixels, Detail.FEATURES).rawFeatures();
      }
      case Workload.Texts texts -> {
        TokenBatch tokens = TokenBatch.packed(ids(encoder, texts));
        yield () -> encoder.encodeTexts(tokens, Detail.FEATURES).rawFeatures();
      }
    });
  }

  /** The engine on the images of {@link #fromBytes}, or on the texts: for streams, whose passes then overlap. It answers unit vectors. */
  static OwnContestant engine(String name, Engine engine, Encoder encoder) {
    return queued(name, encoder, 1, workload -> switch (workload) {
      case Workload.Vision vision -> Inputs.each(Inputs.bytes(vision, imageSize(encoder))).stream()
          .map(image -> image(engine, new ImageInput.Pixels(image))).toList();
      case Workload.Texts texts -> Inputs.tokenized(ids(encoder, texts)).stream().map(text -> text(engine, text)).toList();
    });
  }

  /** What the engine's features must come close to. */
  static float[] unitReference(Encoder encoder, Workload workload) {
    HostTensor features = switch (workload) {
      case Workload.Vision vision -> encoder.encodeImages(Inputs.bytes(vision, imageSize(encoder)), Detail.FEATURES).features();
      case Workload.Texts texts -> encoder.encodeTexts(TokenBatch.packed(ids(encoder, texts)), Detail.FEATURES).features();
    };
    return Arrays.copyOf(features.rows(features.rows() - 1, 1).toFloatArray(), Sample.VALUES);
  }

  /** What the features of a peer must come close to. */
  static float[] reference(Encoder encoder, Workload workload) {
    OwnContestant once = likePeers("reference", encoder);
    once.prepare(workload);
    return once.run().values();
  }

  /** The bare loop on 8-bit pixels. */
  static OwnContestant barePixels(String name, Encoder encoder, int repetitions) {
    return bare(name, encoder, repetitions, workload -> {
      HostTensor pixels = Inputs.stack(Inputs.images(workload.items(), imageSize(encoder)));
      return () -> encoder.encodeImages(pixels, Detail.FEATURES).features();
    });
  }

  /** The bare loop on texts without padding. */
  static OwnContestant barePacked(String name, Encoder encoder, int repetitions) {
    return bare(name, encoder, repetitions, workload -> {
      TokenBatch packed = TokenBatch.packed(ids(encoder, workload));
      return () -> encoder.encodeTexts(packed, Detail.FEATURES).features();
    });
  }

  /** The bare loop with every text computed as {@code length} tokens, as the official code does. */
  static OwnContestant barePadded(String name, Encoder encoder, int repetitions, int length) {
    return bare(name, encoder, repetitions, workload -> {
      HostTensor padded = Inputs.padded(ids(encoder, workload), length, encoder.config().text().paddingId());
      return () -> encoder.encodePaddedTexts(padded, Detail.FEATURES).features();
    });
  }

  private static OwnContestant bare(String name, Encoder encoder, int repetitions, Function<Workload, Supplier<HostTensor>> calls) {
    return new OwnContestant(name, encoder, repetitions, workload -> {
      Supplier<HostTensor> call = calls.apply(workload);
      return times -> {
        HostTensor features = null;
        for (int i = 0; i < times; i++) {
          features = call.get();
        }
        return features.rows(features.rows() - 1, 1).toFloatArray();
      };
    });
  }

  /** The engine on pixels in memory. */
  static OwnContestant pixels(String name, Engine engine, Encoder encoder, int repetitions) {
    return queued(name, encoder, repetitions, workload -> Inputs.images(workload.items(), imageSize(encoder)).stream()
        .map(image -> image(engine, new ImageInput.Pixels(image))).toList());
  }

  /** The engine on files, one after the other and again from the first. */
  static OwnContestant files(String name, Engine engine, Encoder encoder, int repetitions, List<Path> files) {
    return queued(name, encoder, repetitions, workload -> IntStream.range(0, workload.items())
        .mapToObj(i -> image(engine, new ImageInput.File(files.get(i % files.size())))).toList());
  }

  /** The engine on texts. */
  static OwnContestant texts(String name, Engine engine, Encoder encoder, int repetitions) {
    return queued(name, encoder, repetitions,
        workload -> Inputs.tokenized(ids(encoder, workload)).stream().map(text -> text(engine, text)).toList());
  }

  private static Callable<CompletableFuture<float[]>> text(Engine engine, TokenizedText text) {
    return () -> engine.submitTextWhenRoom(text, Detail.FEATURES, RequestOptions.DEFAULT).thenApply(OwnContestant::vector);
  }

  private static Callable<CompletableFuture<float[]>> image(Engine engine, ImageInput input) {
    return () -> engine.submitImageWhenRoom(input, Detail.FEATURES, RequestOptions.DEFAULT).thenApply(OwnContestant::vector);
  }

  private static float[] vector(Encoding encoding) {
    return encoding.features().toFloatArray();
  }

  /** One thread submits everything as soon as there is room, and then waits for all answers. */
  private static OwnContestant queued(
      String name, Encoder encoder, int repetitions, Function<Workload, List<Callable<CompletableFuture<float[]>>>> source) {
    return new OwnContestant(name, encoder, repetitions, workload -> {
      List<Callable<CompletableFuture<float[]>>> requests = source.apply(workload);
      return times -> {
        List<CompletableFuture<float[]>> answers = new ArrayList<>();
        for (int i = 0; i < times; i++) {
          for (Callable<CompletableFuture<float[]>> request : requests) {
            answers.add(submit(request));
          }
        }
        answers.forEach(CompletableFuture::join);
        return answers.getLast().join();
      };
    });
  }

  private static CompletableFuture<float[]> submit(Callable<CompletableFuture<float[]>> request) throws InterruptedException {
    try {
      return request.call();
    } catch (RuntimeException | InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a request waits for room or fails, and does nothing else", e);
    }
  }

  private static int imageSize(Encoder encoder) {
    return encoder.config().vision().geometry().imageSize();
  }

  private static List<int[]> ids(Encoder encoder, Workload texts) {
    return ((Workload.Texts) texts).ids(encoder.config().text().vocabulary());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String version() {
    return backend.description();
  }

  @Override
  public String precision() {
    return backend.precision().label();
  }

  @Override
  public void prepare(Workload workload) {
    work = null; // the inputs of one workload go before those of the next come
    work = prepare.apply(workload);
  }

  @Override
  public Sample run() {
    Sample all = stream(repetitions);
    return new Sample(all.nanos() / repetitions, all.values());
  }

  @Override
  public Sample stream(int passes) {
    try {
      long start = System.nanoTime();
      float[] last = work.compute(passes);
      return new Sample(System.nanoTime() - start, Arrays.copyOf(last, Sample.VALUES));
    } catch (CompletionException e) {
      throw new ContestantFailedException(name + ": " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException(name + ": interrupted", e);
    }
  }
}
