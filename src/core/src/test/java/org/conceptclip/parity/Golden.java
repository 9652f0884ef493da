package org.conceptclip.parity;

import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.TensorLoan;

/** Expected tensors of the official PyTorch code, from the test resources; provenance in docs/parity.md. */
record Golden(Map<String, HostTensor> tensors) {

  /** The folder {@code golden/<model>} of the test resources. */
  static Path folder(String model) {
    URL url = Golden.class.getResource("/golden/" + model);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Golden of(String model) {
    try (SafetensorsFile file = SafetensorsFile.open(folder(model).resolve("expected.safetensors"))) {
      return new Golden(file.tensors().keySet().stream()
          .collect(Collectors.toMap(name -> name, name -> copy(file, name), (a, b) -> a, TreeMap::new)));
    }
  }

  HostTensor get(String name) {
    HostTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new AssertionError("no golden tensor " + name + "; there are " + tensors.keySet());
    }
    return tensor;
  }

  private static HostTensor copy(SafetensorsFile file, String name) {
    try (TensorLoan loan = file.read(name)) {
      HostTensor mapped = loan.tensor();
      HostTensor copy = HostTensor.allocate(Arena.ofAuto(), mapped.dtype(), mapped.shape().toArray());
      copy.data().copyFrom(mapped.data());
      return copy;
    }
  }
}
