package org.conceptclip.runtime;

import java.util.List;
import java.util.function.LongConsumer;
import org.conceptclip.model.VisionConfig;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/** The images of one call: one tensor, or a tensor per image. */
interface Pixels {
  String BUFFER = "vision.pixels";

  int count();

  /** Uploads images {@code first} to {@code first + count} to the buffer of a pass. */
  Tensor upload(Workspace workspace, int first, int count);

  /**
   * Images of one tensor.
   *
   * @throws BadInputException as {@link InputChecks#pixels}
   */
  static Pixels of(HostTensor pixels, VisionConfig config) {
    InputChecks.pixels("pixels", pixels, config, DType.U8, DType.F32);
    return new OneTensor(pixels);
  }

  /**
   * Images, each in a tensor of its own.
   *
   * @param uploadNanos receives the time that each pass spent on uploading its images
   * @throws BadInputException if there is no image, or one is not U8 [size, size, 3]
   */
  static Pixels of(List<HostTensor> images, VisionConfig config, LongConsumer uploadNanos) {
    if (images.isEmpty()) {
      throw new BadInputException("no images: expected at least one");
    }
    images.forEach(image -> InputChecks.image(image, config));
    return new Pieces(images, config.geometry().imageSize(), uploadNanos);
  }

  /** @param pixels U8 [B, size, size, 3] or F32 [B, 3, size, size] */
  record OneTensor(HostTensor pixels) implements Pixels {
    @Override
    public int count() {
      return Math.toIntExact(pixels.shape().extent(0));
    }

    @Override
    public Tensor upload(Workspace workspace, int first, int count) {
      long imageBytes = pixels.byteSize() / pixels.shape().extent(0);
      long[] extents = pixels.shape().toArray();
      extents[0] = count;
      HostTensor slice = HostTensor.view(pixels.dtype(), Shape.of(extents), pixels.data().asSlice(first * imageBytes, count * imageBytes));
      DType type = pixels.dtype() == DType.U8 ? DType.U8 : workspace.featureType();
      Tensor device = workspace.buffer(BUFFER, type, slice.shape());
      workspace.upload(slice, device);
      return device;
    }
  }

  /** @param images U8 [size, size, 3] each */
  record Pieces(List<HostTensor> images, int size, LongConsumer uploadNanos) implements Pixels {
    @Override
    public int count() {
      return images.size();
    }

    @Override
    public Tensor upload(Workspace workspace, int first, int count) {
      long begin = System.nanoTime();
      Tensor device = workspace.buffer(BUFFER, DType.U8, Shape.of(count, size, size, 3));
      workspace.uploadPieces(images.subList(first, first + count), device);
      uploadNanos.accept(System.nanoTime() - begin);
      return device;
    }
  }
}
