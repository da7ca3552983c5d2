package io.statebridge.daemon.cri;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.Longs;
import io.grpc.Deadline;
import io.grpc.Status;
import io.statebridge.daemon.containerd.ContainerdImage;
import io.statebridge.daemon.containerd.ContainerdImages;
import io.statebridge.daemon.containerd.ContainerdSnapshots;
import io.statebridge.daemon.containerd.ContainerdSnapshots.SnapshotterUsage;
import io.statebridge.proto.cri.v1.FilesystemIdentifier;
import io.statebridge.proto.cri.v1.FilesystemUsage;
import io.statebridge.proto.cri.v1.Image;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageStatusRequest;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.Int64Value;
import io.statebridge.proto.cri.v1.ListImagesResponse;
import io.statebridge.proto.cri.v1.UInt64Value;
import java.io.IOException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What containerd's CRI plugin would answer, were it loaded, from containerd's own services.
 * Thread-safe.
 */
final class DerivedImages {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ContainerdImages images;
  private final ContainerdSnapshots snapshots;

  DerivedImages(ContainerdImages images, ContainerdSnapshots snapshots) {
    this.images = images;
    this.snapshots = snapshots;
  }

  ListImagesResponse list(Deadline deadline) {
    return ListImagesResponse.newBuilder()
        .addAllImages(images.list(deadline).stream().map(DerivedImages::image).toList())
        .build();
  }

  /** An image that is not there is no error, but an answer without one: so the CRI has it. */
  ImageStatusResponse status(ImageStatusRequest request, Deadline deadline) {
    ImageStatusResponse.Builder response = ImageStatusResponse.newBuilder();
    find(images.list(deadline), request.getImage().getImage())
        .ifPresent(
            found -> {
              response.setImage(image(found));
              if (request.getVerbose()) {
                response.putInfo("info", info(found));
              }
            });
    return response.build();
  }

  /** By one of its names, or by its id or the beginning of it, with its algorithm or without. */
  private static Optional<ContainerdImage> find(Collection<ContainerdImage> all, String asked) {
    Optional<String> name =
        ImageReference.parse(asked).map(ImageReference::asked).map(ImageReference::toString);
    Optional<ContainerdImage> named =
        name.flatMap(n -> all.stream().filter(i -> i.names().contains(n)).findFirst());
    if (named.isPresent()) {
      return named;
    }
    List<ContainerdImage> matching = all.stream().filter(i -> hasId(i, asked)).toList();
    if (matching.size() > 1) {
      throw Status.INVALID_ARGUMENT
          .withDescription(
              "the ids of %d images begin with \"%s\": name one in full"
                  .formatted(matching.size(), asked))
          .asRuntimeException();
    }
    return matching.stream().findFirst();
  }

  private static boolean hasId(ContainerdImage image, String asked) {
    String id = image.content().id();
    return id.startsWith(asked) || id.startsWith(asked, id.indexOf(':') + 1);
  }

  private static Image image(ContainerdImage image) {
    Image.Builder builder =
        Image.newBuilder()
            .setId(image.content().id())
            .setSize(image.content().size())
            .setPinned(image.pinned());
    image.names().stream()
        .flatMap(name -> ImageReference.parse(name).stream())
        .sorted(ImageReference.ORDER)
        .forEach(
            reference -> {
              if (!reference.digest().isEmpty()) {
                builder.addRepoDigests(reference.toString());
              } else if (!reference.tag().isEmpty()) {
                builder.addRepoTags(reference.toString());
              }
            });
    setUser(builder, image.content().user());
    return builder.build();
  }

  /** A number is an id, anything else a name; the group does not matter. */
  private static void setUser(Image.Builder image, String user) {
    String word = user.split(":", 2)[0];
    Long uid = Longs.tryParse(word);
    if (uid == null) {
      image.setUsername(word);
    } else {
      image.setUid(Int64Value.newBuilder().setValue(uid));
    }
  }

  private static String info(ContainerdImage image) {
    ObjectNode info = JSON.createObjectNode().put("chainID", image.content().chainId());
    try {
      // The bytes, as they were read before: they may be UTF-16.
      info.set("imageSpec", JSON.readTree(image.content().config().newInput()));
    } catch (IOException e) {
      throw new IllegalStateException("a configuration that could be read before", e);
    }
    return info.toString();
  }

  ImageFsInfoResponse fileSystems(Deadline deadline) {
    return ImageFsInfoResponse.newBuilder()
        .addAllImageFilesystems(
            snapshots.usage(deadline).stream().map(DerivedImages::fileSystem).toList())
        .build();
  }

  static FilesystemUsage fileSystem(SnapshotterUsage usage) {
    Instant time = usage.measuredAt();
    return FilesystemUsage.newBuilder()
        .setTimestamp(TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano())
        .setFsId(FilesystemIdentifier.newBuilder().setMountpoint(usage.root()))
        .setUsedBytes(UInt64Value.newBuilder().setValue(usage.bytes()))
        .setInodesUsed(UInt64Value.newBuilder().setValue(usage.inodes()))
        .build();
  }
}
