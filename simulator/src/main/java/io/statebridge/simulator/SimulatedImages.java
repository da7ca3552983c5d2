package io.statebridge.simulator;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.images.v1.Image;
import io.statebridge.proto.containerd.snapshots.v1.UsageResponse;
import io.statebridge.proto.cri.v1.ImageFsInfoResponse;
import io.statebridge.proto.cri.v1.ImageStatusResponse;
import io.statebridge.proto.cri.v1.ListImagesResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The images of a simulated containerd, their content and the snapshots, and what its CRI plugin is
 * to say of images, which is what it was told. Thread-safe.
 */
public final class SimulatedImages {

  /** A snapshot of a snapshotter of a namespace. */
  private record SnapshotKey(String namespace, String snapshotter, String key)
      implements Comparable<SnapshotKey> {
    @Override
    public int compareTo(SnapshotKey other) {
      return toString().compareTo(other.toString());
    }
  }

  private final Map<String, Map<String, Image>> images = new ConcurrentHashMap<>();
  private final Map<Key, ByteString> content = new ConcurrentHashMap<>();
  private final Map<SnapshotKey, UsageResponse> snapshots = new ConcurrentSkipListMap<>();
  private volatile ListImagesResponse list = ListImagesResponse.getDefaultInstance();
  private volatile ImageStatusResponse status = ImageStatusResponse.getDefaultInstance();
  private volatile ImageFsInfoResponse fileSystems = ImageFsInfoResponse.getDefaultInstance();

  SimulatedImages() {}

  /** Adds a name of an image, or says anew what it is. */
  public void add(String namespace, Image image) {
    images
        .computeIfAbsent(namespace, n -> new ConcurrentSkipListMap<>())
        .put(image.getName(), image);
  }

  /** Adds a blob; its digest. */
  public String addContent(String namespace, ByteString blob) {
    String digest = "sha256:" + HexFormat.of().formatHex(sha256(blob));
    content.put(new Key(namespace, digest), blob);
    return digest;
  }

  public void removeContent(String namespace, String digest) {
    content.remove(new Key(namespace, digest));
  }

  /** Adds a snapshot. */
  public void addSnapshot(
      String namespace, String snapshotter, String key, long bytes, long inodes) {
    snapshots.put(
        new SnapshotKey(namespace, snapshotter, key),
        UsageResponse.newBuilder().setSize(bytes).setInodes(inodes).build());
  }

  /** What the CRI plugin answers from now on, whatever it is asked. */
  public void pluginTells(
      ListImagesResponse images, ImageStatusResponse image, ImageFsInfoResponse usage) {
    list = images;
    status = image;
    fileSystems = usage;
  }

  List<Image> images(String namespace) {
    return List.copyOf(images.getOrDefault(namespace, Map.of()).values());
  }

  ByteString content(Key key) {
    ByteString blob = content.get(key);
    if (blob == null) {
      throw notFound("content " + key.id());
    }
    return blob;
  }

  List<String> snapshots(String namespace, String snapshotter) {
    return snapshots.keySet().stream()
        .filter(s -> s.namespace().equals(namespace) && s.snapshotter().equals(snapshotter))
        .map(SnapshotKey::key)
        .toList();
  }

  UsageResponse usage(String namespace, String snapshotter, String key) {
    UsageResponse usage = snapshots.get(new SnapshotKey(namespace, snapshotter, key));
    if (usage == null) {
      throw notFound("snapshot " + key);
    }
    return usage;
  }

  ListImagesResponse list() {
    return list;
  }

  ImageStatusResponse status() {
    return status;
  }

  ImageFsInfoResponse fileSystems() {
    return fileSystems;
  }

  private static StatusRuntimeException notFound(String what) {
    return Status.NOT_FOUND.withDescription(what + ": not found").asRuntimeException();
  }

  private static byte[] sha256(ByteString blob) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(blob.toByteArray());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
