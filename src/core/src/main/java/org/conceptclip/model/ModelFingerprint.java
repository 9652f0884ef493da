package org.conceptclip.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Parallel;
import org.conceptclip.util.Sha256;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;

/**
 * Tells whether two models compute the same: a SHA-256 of the architecture and of every weight.
 *
 * <p>The hash covers, in the order of the official checkpoint, the hyper-parameters of both towers and of each tensor its canonical name,
 * type, shape and a SHA-256 of all its bytes. So it does not depend on the names in the files, on shards, or on the model's own name; a
 * model that was converted to another type is another model, because its numbers differ. Tensors are hashed in parallel: the time is that
 * of reading the weights once (1.7 GB of float32 in the published model).
 */
public final class ModelFingerprint {
  private static final String VERSION = "conceptclip fingerprint 1";

  private ModelFingerprint() {}

  /**
   * The fingerprint, as 64 hexadecimal digits.
   *
   * @throws org.conceptclip.tensor.BadInputException if a tensor cannot be read
   */
  public static String of(ModelConfig config, WeightSource weights) {
    List<String> names = List.copyOf(ModelLayout.of(config).sequencedKeySet());
    List<String> tensors = Parallel.map(names.size(), i -> described(names.get(i), weights));
    MessageDigest whole = Sha256.digest();
    String head = String.join("\n", VERSION, config.vision().toString(), config.text().toString(), "" + config.embeddingWidth(), "");
    whole.update(head.getBytes(StandardCharsets.UTF_8));
    tensors.forEach(line -> whole.update(line.getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(whole.digest());
  }

  private static String described(String name, WeightSource weights) {
    try (TensorLoan loan = weights.borrow(name)) {
      HostTensor tensor = loan.tensor();
      MessageDigest content = Sha256.digest();
      content.update(tensor.data().asByteBuffer());
      return name + " " + tensor + " " + HexFormat.of().formatHex(content.digest()) + "\n";
    }
  }
}
