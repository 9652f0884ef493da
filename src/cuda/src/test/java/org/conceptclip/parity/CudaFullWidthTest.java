package org.conceptclip.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.OnEmulator;
import org.conceptclip.backend.Precision;
import org.conceptclip.backend.cuda.CudaBackend;
import org.conceptclip.backend.cuda.CudaOptions;
import org.conceptclip.backend.cuda.Gemm;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedCudaDriver;
import org.conceptclip.backend.cuda.driver.emulated.EmulatedDevice;
import org.conceptclip.backend.reference.ReferenceBackend;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.model.ModelLayout;
import org.conceptclip.model.TextConfig;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.op.PatchGeometry;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.runtime.Encoding;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.weights.SyntheticWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One block of each tower at the published model's width, with everything around it, on emulated devices: an image of 729 tokens and
 * packed texts. The limit is twice what {@link NarrowSimulation} errs against float64, measured here on the same input.
 */
@OnEmulator
class CudaFullWidthTest {
  private static final int[] TEXT_LENGTHS = {77, 5, 33, 12};
  private static final ModelConfig CONFIG = config(384);

  /** An image of 64 tokens, for what takes an emulator long. */
  private static final ModelConfig SMALL_IMAGE = config(112);

  private static final Map<ModelConfig, Map<String, HostTensor>> TRUTHS = new HashMap<>();

  private static ModelConfig config(int imageSize) {
    ModelConfig full = ModelConfig.conceptClip("one block");
    VisionConfig v = full.vision();
    TextConfig t = full.text();
    return new ModelConfig(
        full.name(),
        new VisionConfig(new PatchGeometry(imageSize, v.geometry().patchSize()), v.width(), 1, v.heads(), v.mlpHidden(),
            v.poolHeads(), v.poolMlpHidden(),
            v.layerNormEpsilon(), v.imageMean(), v.imageStd()),
        // A small vocabulary: rows of a table that are never looked up prove nothing.
        new TextConfig(t.width(), 1, t.heads(), t.mlpHidden(), 1000, t.maxPositions(), t.tokenTypes(), t.layerNormEpsilon(),
            t.paddingId(), t.contextLength()),
        full.embeddingWidth());
  }

  @Test
  void portableKernelsWithFloat32Residual() {
    check(CONFIG, 80, CudaOptions.defaults().withGemm(Gemm.CUBLASLT));
  }

  @Test
  void hopperKernelsWithFloat16Residual() {
    check(CONFIG, 90, CudaOptions.defaults().withGemm(Gemm.CUBLASLT).withResidualType(DType.F16));
  }

  /** Both types of the residual stream with nothing else between them: docs/parity.md has the errors. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16"})
  void hopperKernelsWithOwnProducts(DType residual) {
    check(SMALL_IMAGE, 90, CudaOptions.defaults().withGemm(Gemm.OWN).withResidualType(residual));
  }

  private static void check(ModelConfig config, int capability, CudaOptions options) {
    Map<String, HostTensor> truthOfAll = TRUTHS.computeIfAbsent(config, key -> outputs(key, new ReferenceBackend()));
    Map<String, HostTensor> plain = outputs(config, new NarrowSimulation(Precision.FP16, options.residualType()));
    EmulatedCudaDriver driver = EmulatedCudaDriver.open(EmulatedDevice.ofCapability(capability), System.err::println);
    Map<String, HostTensor> found = outputs(config, new CudaBackend("emulated", driver, options));
    truthOfAll.forEach((name, truth) -> {
      Errors allowed = Errors.between(plain.get(name), truth);
      Errors errors = Errors.between(found.get(name), truth);
      System.out.println("sm_" + capability + ", gemm " + options.gemm().label() + ", residual " + options.residualType() + ": "
          + name + " " + errors + "; plain " + allowed);
      assertTrue(allowed.rmsOverRms() > 0, name + ": the simulation rounds nothing");
      errors.assertWithin(name, 2 * allowed.maxOverRms(), 2 * allowed.rmsOverRms());
      assertTrue(
          errors.oneMinusCosine() <= 2 * allowed.oneMinusCosine(), () -> name + ": " + errors + ", plain " + allowed);
    });
  }

  /** Every output by name; the backend is closed after it. */
  private static Map<String, HostTensor> outputs(ModelConfig config, Backend backend) {
    Map<String, HostTensor> outputs = new LinkedHashMap<>();
    try (backend;
        SyntheticWeights weights = new SyntheticWeights(config.name(), ModelLayout.of(config));
        Encoder encoder = Encoder.load(config, weights, backend, notice -> {})) {
      Encoding images = encoder.encodeImages(image(config.vision().geometry().imageSize()), Detail.STATES);
      outputs.put("image features", images.features());
      outputs.put("raw image features", images.rawFeatures());
      outputs.put("image token features", images.tokenFeatures().reshape(config.vision().tokens(), 1152));
      outputs.put("image token states", images.tokenStates().reshape(config.vision().tokens(), 1152));
      Encoding texts = encoder.encodeTexts(texts(), Detail.STATES);
      outputs.put("text features", texts.features());
      outputs.put("raw text features", texts.rawFeatures());
      outputs.put("text token features", texts.tokenFeatures());
      outputs.put("text token states", texts.tokenStates());
    }
    return outputs;
  }

  private static HostTensor image(int size) {
    byte[] pixels = new byte[size * size * 3];
    new Random(5).nextBytes(pixels);
    return HostTensor.view(DType.U8, Shape.of(1, size, size, 3), MemorySegment.ofArray(pixels));
  }

  private static TokenBatch texts() {
    Random random = new Random(6);
    List<int[]> texts = Arrays.stream(TEXT_LENGTHS)
        .mapToObj(length -> IntStream.range(0, length).map(i -> 1 + random.nextInt(999)).toArray())
        .toList();
    return TokenBatch.packed(texts);
  }
}
