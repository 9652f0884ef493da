package org.conceptclip.bench.throughput;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.conceptclip.batch.Engine;
import org.conceptclip.batch.ImageFeatures;
import org.conceptclip.batch.ImageInput;
import org.conceptclip.batch.RequestOptions;
import org.conceptclip.batch.TextFeatures;
import org.conceptclip.bench.OwnContestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.Workload;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;

/** The engine, fed by one thread that waits for room. The engine belongs to the caller, as the encoder does. */
final class EngineContestant extends OwnContestant {
  private final int batches;
  private final Source source;
  private List<Request> requests;

  /** Makes the requests of a workload. */
  private interface Source {
    List<Request> requests(Workload workload);
  }

  /** Waits for room; the future ends with the features. */
  private interface Request {
    CompletableFuture<float[]> submit() throws InterruptedException;
  }

  private EngineContestant(String name, Encoder encoder, int batches, Source source) {
    super(name, encoder);
    this.batches = batches;
    this.source = source;
  }

  /**
   * Pixels in RAM.
   *
   * @param batches repetitions of the workload in a run, whose time is divided by them
   */
  static EngineContestant pixels(String name, Engine engine, Encoder encoder, int batches) {
    int size = encoder.config().vision().geometry().imageSize();
    return new EngineContestant(name, encoder, batches, workload -> Inputs.images(workload.items(), size).stream()
        .map(image -> image(engine, new ImageInput.Pixels(image))).toList());
  }

  /** Files, one after the other and again from the first. */
  static EngineContestant files(String name, Engine engine, Encoder encoder, int batches, List<Path> files) {
    return new EngineContestant(name, encoder, batches, workload -> {
      List<Request> requests = new ArrayList<>();
      for (int i = 0; i < workload.items(); i++) {
        requests.add(image(engine, new ImageInput.File(files.get(i % files.size()))));
      }
      return requests;
    });
  }

  /** Texts, all of them {@code batches} times in a run. */
  static EngineContestant texts(String name, Engine engine, Encoder encoder, int batches) {
    return new EngineContestant(name, encoder, batches, workload ->
        Inputs.tokenized(((Workload.Texts) workload).ids(encoder.config().text().vocabulary())).stream()
            .<Request>map(text -> () -> engine.submitTextWhenRoom(text, Detail.FEATURES, RequestOptions.DEFAULT)
                .thenApply(TextFeatures::features))
            .toList());
  }

  private static Request image(Engine engine, ImageInput input) {
    return () -> engine.submitImageWhenRoom(input, Detail.FEATURES, RequestOptions.DEFAULT).thenApply(ImageFeatures::features);
  }

  @Override
  public void prepare(Workload workload) {
    requests = source.requests(workload);
  }

  @Override
  public Sample run() {
    List<CompletableFuture<float[]>> answers = new ArrayList<>();
    try {
      long start = System.nanoTime();
      for (int i = 0; i < batches; i++) {
        for (Request request : requests) {
          answers.add(request.submit());
        }
      }
      for (CompletableFuture<float[]> answer : answers) {
        answer.join();
      }
      long nanos = (System.nanoTime() - start) / batches;
      return new Sample(nanos, Arrays.copyOf(answers.getLast().join(), Sample.VALUES));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContestantFailedException(name() + ": interrupted", e);
    } catch (CompletionException e) {
      throw new ContestantFailedException(name() + ": " + e.getCause().getMessage(), e);
    }
  }
}
