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

/**
 * This runtime as a contestant: the engine, or the bare loop, which calls the encoder again and again with inputs in memory and is the
 * upper limit of what an engine can reach. Encoder and engine belong to the caller, so that an A/A control can run them under two names.
 */
final class OwnContestant implements Contestant {
  private final String name;
  private final Backend backend;
  private final int repetitions;
  private final Function<Workload, Callable<float[]>> prepare;
  private Callable<float[]> work;

  /** A run calls what {@code prepare} made, which returns the last item's features; its time is divided by the repetitions in it. */
  private OwnContestant(String name, Encoder encoder, int repetitions, Function<Workload, Callable<float[]>> prepare) {
    this.name = name;
    this.backend = encoder.backend();
    this.repetitions = repetitions;
    this.prepare = prepare;
  }

  /** Float32 pixels or packed texts to raw features, as peers are given them and as they answer: one call in a run. */
  static OwnContestant likePeers(String name, Encoder encoder) {
    return bare(name, encoder, 1, workload -> switch (workload) {
      case Workload.Vision vision -> {
        int size = imageSize(encoder);
        HostTensor pixels = HostTensor.of(vision.pixels(size), vision.batch(), 3, size, size);
        yield () -> encoder.encodeImages(pixels, Detail.FEATURES).rawFeatures();
      }
      case Workload.Texts texts -> {
        TokenBatch tokens = TokenBatch.packed(ids(encoder, texts));
        yield () -> encoder.encodeTexts(tokens, Detail.FEATURES).rawFeatures();
      }
    });
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
      return () -> {
        HostTensor features = null;
        for (int i = 0; i < repetitions; i++) {
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
    return queued(name, encoder, repetitions, workload -> Inputs.tokenized(ids(encoder, workload)).stream()
        .<Callable<CompletableFuture<float[]>>>map(text -> () ->
            engine.submitTextWhenRoom(text, Detail.FEATURES, RequestOptions.DEFAULT).thenApply(OwnContestant::vector)).toList());
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
      return () -> {
        List<CompletableFuture<float[]>> answers = new ArrayList<>();
        for (int i = 0; i < repetitions; i++) {
          for (Callable<CompletableFuture<float[]>> request : requests) {
            answers.add(request.call());
          }
        }
        answers.forEach(CompletableFuture::join);
        return answers.getLast().join();
      };
    });
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
    try {
      long start = System.nanoTime();
      float[] last = work.call();
      return new Sample((System.nanoTime() - start) / repetitions, Arrays.copyOf(last, Sample.VALUES));
    } catch (CompletionException e) {
      throw new ContestantFailedException(name + ": " + e.getCause().getMessage(), e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException(name + ": interrupted", e);
    }
  }
}
