package org.conceptclip.bench.throughput;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.conceptclip.bench.Workload;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.text.TokenizedText;

/** What is encoded: the same for every contestant of a workload. */
final class Inputs {
  private Inputs() {}

  /** Noise, U8 [size, size, 3] each, off the heap. */
  static List<HostTensor> images(int count, int size) {
    List<HostTensor> images = new ArrayList<>();
    byte[] bytes = new byte[size * size * 3];
    for (int i = 0; i < count; i++) {
      new Random(i).nextBytes(bytes);
      HostTensor image = HostTensor.allocate(Arena.ofAuto(), DType.U8, size, size, 3);
      MemorySegment.copy(bytes, 0, image.data(), ValueLayout.JAVA_BYTE, 0, bytes.length);
      images.add(image);
    }
    return images;
  }

  /** The same images as one tensor [count, size, size, 3]. */
  static HostTensor stack(List<HostTensor> images) {
    long size = images.getFirst().shape().extent(0);
    HostTensor all = HostTensor.allocate(Arena.ofAuto(), DType.U8, images.size(), size, size, 3);
    HostTensor.gather(images, all.data());
    return all;
  }

  /** A workload's images, U8 [batch, size, size, 3], off the heap. */
  static HostTensor bytes(Workload.Vision vision, int size) {
    byte[] bytes = vision.bytes(size);
    HostTensor images = HostTensor.allocate(Arena.ofAuto(), DType.U8, vision.batch(), size, size, 3);
    MemorySegment.copy(bytes, 0, images.data(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    return images;
  }

  /** Each image of a stack as a tensor [size, size, 3] of its own. */
  static List<HostTensor> each(HostTensor images) {
    long size = images.shape().extent(1);
    List<HostTensor> all = new ArrayList<>();
    for (long i = 0; i < images.shape().extent(0); i++) {
      HostTensor image = HostTensor.allocate(Arena.ofAuto(), DType.U8, size, size, 3);
      MemorySegment.copy(images.data(), i * image.data().byteSize(), image.data(), 0, image.data().byteSize());
      all.add(image);
    }
    return all;
  }

  /** As a tokenizer would give them; what stands where is not known. */
  static List<TokenizedText> tokenized(List<int[]> ids) {
    return ids.stream().map(text -> new TokenizedText(text, new int[text.length], new int[text.length], false)).toList();
  }

  /** I64 [texts, length], the padding id behind each text. */
  static HostTensor padded(List<int[]> ids, int length, int paddingId) {
    HostTensor padded = HostTensor.allocate(Arena.ofAuto(), DType.I64, ids.size(), length);
    for (int t = 0; t < ids.size(); t++) {
      for (int p = 0; p < length; p++) {
        long id = p < ids.get(t).length ? ids.get(t)[p] : paddingId;
        padded.data().setAtIndex(ValueLayout.JAVA_LONG, (long) t * length + p, id);
      }
    }
    return padded;
  }
}
