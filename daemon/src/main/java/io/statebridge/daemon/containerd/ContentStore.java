package io.statebridge.daemon.containerd;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import io.statebridge.proto.containerd.content.v1.ContentGrpc;
import io.statebridge.proto.containerd.content.v1.ContentGrpc.ContentBlockingStub;
import io.statebridge.proto.containerd.content.v1.InfoRequest;
import io.statebridge.proto.containerd.content.v1.ReadContentRequest;
import io.statebridge.proto.containerd.content.v1.ReadContentResponse;
import java.io.IOException;
import java.util.Iterator;

/** The small blobs of a namespace: manifests and configurations. Thread-safe. */
final class ContentStore {

  /** Registries take no larger manifest, and a configuration is smaller still. */
  static final int MAX_BLOB_BYTES = 4 << 20;

  private final ContentBlockingStub content;

  ContentStore(Channel channel, String namespace) {
    this.content =
        GrpcContainerRuntime.inNamespace(namespace, ContentGrpc.newBlockingStub(channel));
  }

  /**
   * A blob, which must be one that is there and not too large.
   *
   * @throws IOException when this one cannot be read, whatever becomes of others
   * @throws StatusRuntimeException when containerd cannot be asked now
   */
  ByteString read(String digest, Deadline deadline) throws IOException {
    ContentBlockingStub asking = content.withDeadline(deadline);
    try {
      long size =
          asking.info(InfoRequest.newBuilder().setDigest(digest).build()).getInfo().getSize();
      requireNotTooLarge(digest, size);
      Iterator<ReadContentResponse> parts =
          asking.read(ReadContentRequest.newBuilder().setDigest(digest).build());
      ByteString blob = ByteString.EMPTY;
      while (parts.hasNext()) {
        blob = blob.concat(parts.next().getData());
        requireNotTooLarge(digest, blob.size());
      }
      return blob;
    } catch (StatusRuntimeException e) {
      if (RuntimeFailures.isOfWhatWasAskedFor(e)) {
        throw new IOException(digest + ": " + e.getMessage(), e);
      }
      throw e;
    }
  }

  private static void requireNotTooLarge(String digest, long size) throws IOException {
    if (size > MAX_BLOB_BYTES) {
      throw new IOException(
          "%s has %d bytes, and %d are read at most".formatted(digest, size, MAX_BLOB_BYTES));
    }
  }
}
