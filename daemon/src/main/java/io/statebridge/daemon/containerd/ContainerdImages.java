package io.statebridge.daemon.containerd;

import io.grpc.Channel;
import io.grpc.Deadline;
import io.statebridge.proto.containerd.images.v1.Image;
import io.statebridge.proto.containerd.images.v1.ImagesGrpc;
import io.statebridge.proto.containerd.images.v1.ImagesGrpc.ImagesBlockingStub;
import io.statebridge.proto.containerd.images.v1.ListImagesRequest;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The images of a namespace, put together from containerd's own services as its CRI plugin does it:
 * names that lead to the same configuration are one image. Calls block. Thread-safe.
 */
public final class ContainerdImages {

  /** By which the CRI plugin marks the images that are to stay, since 1.7. */
  private static final Map.Entry<String, String> PINNED =
      Map.entry("io.cri-containerd.pinned", "pinned");

  private final ImagesBlockingStub images;
  private final ImageContents contents;

  public ContainerdImages(Channel channel, String namespace) {
    this(channel, namespace, NodePlatform.here());
  }

  ContainerdImages(Channel channel, String namespace, NodePlatform platform) {
    this.images = GrpcContainerRuntime.inNamespace(namespace, ImagesGrpc.newBlockingStub(channel));
    this.contents = new ImageContents(new ContentStore(channel, namespace), platform);
  }

  /**
   * All of them, but for those whose content cannot be read.
   *
   * @throws io.grpc.StatusRuntimeException when containerd cannot be asked
   */
  public Collection<ContainerdImage> list(Deadline deadline) {
    Map<String, ContainerdImage> byId = new LinkedHashMap<>();
    images
        .withDeadline(deadline)
        .list(ListImagesRequest.getDefaultInstance())
        .getImagesList()
        .forEach(
            image ->
                contents
                    .of(image.getName(), image.getTarget(), deadline)
                    .map(content -> named(image, content))
                    .ifPresent(
                        named -> byId.merge(named.content().id(), named, ContainerdImage::with)));
    return byId.values();
  }

  private static ContainerdImage named(Image image, ImageContent content) {
    return new ContainerdImage(
        content, List.of(image.getName()), image.getLabelsMap().entrySet().contains(PINNED));
  }
}
