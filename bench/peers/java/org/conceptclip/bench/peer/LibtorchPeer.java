package org.conceptclip.bench.peer;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.conceptclip.bench.Contestant;
import org.conceptclip.bench.ContestantFailedException;
import org.conceptclip.bench.PeerServer;
import org.conceptclip.bench.Workload;

/** Stock libtorch on the scripts of {@code model-conversion/export_torchscript.py}, with its own fused attention. */
final class LibtorchPeer implements Contestant {
  private static final int IMAGE_SIZE = 384;
  private static final int VOCABULARY = 30522;

  private final Path folder;
  private String loaded;
  private Model model;
  private Predictor<NDList, NDList> predictor;
  private NDArray input;

  private LibtorchPeer(Path folder) {
    this.folder = folder;
  }

  /** Arguments: folder, threads. */
  public static void main(String[] arguments) throws IOException {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("PYTORCH_FLAVOR", "cpu");
    System.setProperty("ai.djl.pytorch.num_threads", arguments[1]);
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    PeerServer.serve(new LibtorchPeer(Path.of(arguments[0])), System.in, System.out);
  }

  @Override
  public String name() {
    return "libtorch";
  }

  @Override
  public String version() {
    return "libtorch " + Engine.getEngine("PyTorch").getVersion();
  }

  @Override
  public void prepare(Workload workload) {
    try {
      switch (workload) {
        case Workload.Vision vision -> {
          load("vision");
          Shape shape = new Shape(vision.batch(), 3, IMAGE_SIZE, IMAGE_SIZE);
          input = model.getNDManager().create(vision.pixels(IMAGE_SIZE), shape);
        }
        case Workload.Texts texts -> {
          load("text");
          input = model.getNDManager().create(texts.padded(VOCABULARY), new Shape(texts.items(), texts.longest()));
        }
      }
    } catch (IOException | MalformedModelException e) {
      throw new ContestantFailedException(e.getMessage(), e);
    }
  }

  private void load(String tower) throws IOException, MalformedModelException {
    if (input != null) {
      input.close();
      input = null;
    }
    if (tower.equals(loaded)) {
      return;
    }
    close();
    model = Model.newInstance(tower, Device.cpu(), "PyTorch");
    model.load(folder, tower + ".pt");
    predictor = model.newPredictor(new NoopTranslator());
    loaded = tower;
  }

  @Override
  public Sample run() {
    long start = System.nanoTime();
    try (NDList result = predictor.predict(new NDList(input))) {
      float[] all = result.get(0).toFloatArray();
      long nanos = System.nanoTime() - start;
      int last = all.length - (int) result.get(0).getShape().get(1);
      return new Sample(nanos, Arrays.copyOfRange(all, last, last + Sample.VALUES));
    } catch (TranslateException e) {
      throw new ContestantFailedException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    if (model != null) {
      predictor.close();
      model.close();
    }
  }
}
